/** Tests the published package: packed, unpacked beside its one dependency, run and type-checked as users do. */
import { type ExecFileOptions, execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const sdk = join(__dirname, '..');
const rootModules = join(sdk, '../node_modules');

let directory: string;
let consumer: string;

async function run(command: string, args: string[], options: ExecFileOptions): Promise<string> {
  try {
    return String((await promisify(execFile)(command, args, options)).stdout);
  } catch (error) {
    const { message, stdout } = error as Error & { stdout: string };
    throw new Error(`${message}\n${stdout}`);
  }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tasklane-sdk-'));
  // A copy, so that the build does not disturb other users of the source tree.
  const source = join(directory, 'source/sdk');
  await cp(sdk, source, {
    recursive: true,
    filter: (path) => !/sdk[/\\](dist|test|node_modules)$/.test(path),
  });
  await symlink(rootModules, join(directory, 'source/node_modules'));
  await run('npm', ['pack', '--pack-destination', directory], { cwd: source });

  consumer = join(directory, 'consumer');
  const installed = join(consumer, 'node_modules/@tasklane/sdk');
  await mkdir(installed, { recursive: true });
  const { version } = JSON.parse(await readFile(join(sdk, 'package.json'), 'utf8'));
  const archive = join(directory, `tasklane-sdk-${version}.tgz`);
  await run('tar', ['-xzf', archive, '--strip-components=1', '-C', installed], {});
  await symlink(join(rootModules, 'chrono-node'), join(consumer, 'node_modules/chrono-node'));
}, 60_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

const program = `
const token = ({ refresh }) => (refresh ? 'new' : 'old');
const fetch = async (request) => {
  if (request.url.endsWith('/livez')) return Response.json({ status: 'alive' });
  const fresh = request.headers.get('authorization') === 'Bearer new';
  const [status, code] = fresh ? [404, 'task-not-found'] : [401, 'unauthorized'];
  return Response.json({ code, status, request_id: 'r1' }, { status });
};
const client = createTasklane({ baseUrl: 'http://tasklane.test', token, fetch }).raw;
const path = { user_id: 'ada', task_id: '1' };
unwrap(client.GET('/livez'))
  .then(({ status }) => console.log(status))
  .then(() => unwrap(client.DELETE('/api/{user_id}/tasks/{task_id}', { params: { path } })))
  .catch((error) => console.log(isProblem(error, 'task-not-found'), error.status, error.requestId));
`;
const names = '{ createTasklane, isProblem, unwrap }';

test.each([
  ['consumer.mjs', `import ${names} from '@tasklane/sdk';`],
  ['consumer.cjs', `const ${names} = require('@tasklane/sdk');`],
])('works in %s', async (file, importing) => {
  await writeFile(join(consumer, file), importing + program);
  expect(await run(process.execPath, [file], { cwd: consumer })).toBe('alive\ntrue 404 r1\n');
});

test.each([
  ['words.mjs', "import { loadWords, sayRule } from '@tasklane/sdk/words';"],
  ['words.cjs', "const { loadWords, sayRule } = require('@tasklane/sdk/words');"],
])('reads sentences in %s', async (file, importing) => {
  const reading = `
    loadWords().then((read) => {
      const { fields } = read('Pay rent every 1st from 1 May 2099 #home');
      console.log(fields.title, fields.due_date, fields.project, sayRule(fields.rrule, 'de'));
    });`;
  await writeFile(join(consumer, file), importing + reading);
  expect(await run(process.execPath, [file], { cwd: consumer })).toBe('Pay rent 2099-05-01 home jeden 1.\n');
});

test('isProblem of one module format recognises a problem of the other', async () => {
  await writeFile(
    join(consumer, 'both.mjs'),
    `import { createRequire } from 'node:module';
     import { isProblem, TasklaneProblem } from '@tasklane/sdk';
     const other = createRequire(import.meta.url)('@tasklane/sdk');
     const thrown = new other.TasklaneProblem({ code: 'id-taken', status: 409 }, new Response());
     console.log(thrown instanceof TasklaneProblem, isProblem(thrown, 'id-taken'));`,
  );
  expect(await run(process.execPath, ['both.mjs'], { cwd: consumer })).toBe('false true\n');
});

const typeChecks = async () =>
  (await readFile(join(__dirname, 'types.ts'), 'utf8')).replace("'../src/index'", "'@tasklane/sdk'");

/** The README's code, except blocks that need other packages. */
async function readmeProgram(): Promise<string> {
  const readme = await readFile(join(consumer, 'node_modules/@tasklane/sdk/README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  return blocks.filter((code) => !code.includes('better-auth')).join('');
}

/** The code of docs/sync.md. */
async function syncProgram(): Promise<string> {
  const guide = await readFile(join(sdk, '../docs/sync.md'), 'utf8');
  return /```ts\n(.*?)```/s.exec(guide)?.[1] as string;
}

test.each([
  ['bundler', 'esnext', ['bundler.ts', 'readme.ts', 'sync.ts']],
  ['node16', 'node16', ['node.mts', 'node.cts']],
] as const)(
  'has types for moduleResolution %s',
  async (moduleResolution, module, files) => {
    for (const file of files) {
      const programs: Record<string, () => Promise<string>> = {
        'readme.ts': readmeProgram,
        'sync.ts': syncProgram,
      };
      await writeFile(join(consumer, file), await (programs[file] ?? typeChecks)());
    }
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    };
    const project = `tsconfig.${moduleResolution}.json`;
    await writeFile(join(consumer, project), JSON.stringify({ compilerOptions, files }));
    const tsc = join(rootModules, 'typescript/bin/tsc');
    expect(await run(process.execPath, [tsc, '-p', project], { cwd: consumer })).toBe('');
  },
  60_000,
);
