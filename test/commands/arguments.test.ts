/** Tests the arguments of the program `tasklane`. */
import { type CommandName, commands, helpFor, overview, readArguments } from '../../src/commands/arguments';
import { runScript } from '../support/process';

const names = Object.keys(commands) as CommandName[];

class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** Reads the arguments, and returns how the process would end. */
function endOf(name: CommandName, args: string[]): { code: number; stdout: string; stderr: string } {
  const written = { stdout: '', stderr: '' };
  const spies = [
    jest.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Exit(code as number);
    }),
    ...(['stdout', 'stderr'] as const).map((stream) =>
      jest.spyOn(process[stream], 'write').mockImplementation((text) => {
        written[stream] += text;
        return true;
      }),
    ),
  ];
  try {
    readArguments(name, args);
  } catch (error) {
    if (error instanceof Exit) return { code: error.code, ...written };
    throw error;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  throw new Error(`${name} accepts ${args.join(' ')}.`);
}

describe('the arguments of a command', () => {
  test.each<[CommandName, string[], object, string[]]>([
    ['serve', [], {}, []],
    ['migrate', [], {}, []],
    ['migrate', ['up'], {}, ['up']],
    ['migrate', ['down', '--all'], { all: true }, ['down']],
    ['migrate', ['--all', 'down'], { all: true }, ['down']],
    ['migrate', ['status'], {}, ['status']],
    ['doctor', ['--json'], { json: true }, []],
    ['token', ['ada'], {}, ['ada']],
    ['token', ['--lifetime', '60', 'ada', '--mcp'], { lifetime: '60', mcp: true }, ['ada']],
    [
      'token',
      ['ada', '--email=a@example.com', '--name', 'Ada L'],
      { email: 'a@example.com', name: 'Ada L' },
      ['ada'],
    ],
    ['token', ['--', '-ada'], {}, ['-ada']],
    ['restored', [], {}, []],
    ['mcp', [], {}, []],
  ])('%s accepts %j', (name, args, values, positionals) => {
    expect(readArguments(name, args)).toMatchObject({ values: { ...values }, positionals });
  });

  test.each<[CommandName, string[], string]>([
    ['serve', ['8000'], 'Unexpected argument: 8000'],
    ['serve', ['--port', '8000'], "Unknown option '--port'"],
    ['migrate', ['sideways'], 'Unexpected argument: sideways'],
    ['migrate', ['down', 'up'], 'Unexpected argument: up'],
    ['migrate', ['--all'], '--all is only for down.'],
    ['migrate', ['up', '--all'], '--all is only for down.'],
    ['migrate', ['down', '--distribute'], '--distribute is only for up.'],
    ['migrate', ['down', '--all=yes'], "Option '--all' does not take an argument"],
    ['doctor', ['--JSON'], "Unknown option '--JSON'"],
    ['token', [], 'An argument is missing.'],
    ['token', ['ada', 'grace'], 'Unexpected argument: grace'],
    ['token', ['ada', '--lifetime'], "Option '--lifetime <value>' argument missing"],
    ['token', ['ada', '--lifetime', '0'], '--lifetime must be a whole number of seconds above 0.'],
    ['token', ['ada', '--lifetime', '1.5'], '--lifetime must be a whole number of seconds above 0.'],
    ['token', ['ada', '--lifetime', '1e3'], '--lifetime must be a whole number of seconds above 0.'],
    ['restored', ['now'], 'Unexpected argument: now'],
    ['mcp', ['--url', 'http://localhost'], "Unknown option '--url'"],
  ])('%s refuses %j with the reason and its help', (name, args, reason) => {
    const { code, stdout, stderr } = endOf(name, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.startsWith(reason)).toBe(true);
    expect(stderr.endsWith(`\n\n${helpFor(name)}`)).toBe(true);
  });

  test.each(names)('%s --help describes it, whatever else is given', (name) => {
    for (const args of [['--help'], ['-h'], ['one', 'two', 'three', '-h']]) {
      expect(endOf(name, args)).toEqual({ code: 0, stdout: helpFor(name), stderr: '' });
    }
  });

  test.each(names)('the help of %s names each of its options', (name) => {
    const { options } = commands[name];
    expect(helpFor(name)).toMatch(new RegExp(`^Usage: tasklane ${name}`));
    for (const option of Object.keys(options)) {
      expect(helpFor(name).split('\n')[0]).toContain(`--${option}`);
      expect(helpFor(name)).toMatch(new RegExp(`\\n.*--${option}`));
    }
    expect(overview()).toContain(`\n  ${name} `);
  });
});

describe('tasklane', () => {
  const run = async (...args: string[]) => {
    const { ended, output } = runScript('src/commands/main.ts', args, {});
    const { code } = await ended;
    return { code, ...output };
  };

  test('prints its version and the list of commands', async () => {
    const [version, help, short, word] = await Promise.all([
      run('--version'),
      run('--help'),
      run('-h'),
      run('help'),
    ]);
    expect(version).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
    for (const each of [help, short, word]) expect(each).toEqual({ code: 0, stdout: overview(), stderr: '' });
  });

  test('does not load a command if its name or its arguments are wrong', async () => {
    const [missing, unknown, inherited, wrong, help] = await Promise.all([
      run(),
      run('server'),
      run('toString'),
      run('migrate', 'sideways'),
      run('token', '--help'),
    ]);
    expect(missing).toEqual({ code: 2, stdout: '', stderr: `A command is missing.\n\n${overview()}` });
    expect(unknown).toEqual({ code: 2, stdout: '', stderr: `Unknown command: server\n\n${overview()}` });
    expect(inherited.stderr).toContain('Unknown command: toString');
    expect(wrong.stderr).toBe(`Unexpected argument: sideways\n\n${helpFor('migrate')}`);
    expect(help).toEqual({ code: 0, stdout: helpFor('token'), stderr: '' });
  });
});
