/** Tests the published package: packed, unpacked, run and type-checked as users do. */
import { type ExecFileOptions, execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { laneWrites, taskActions } from '../../scripts/samples/choices';

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
  await mkdir(join(consumer, 'node_modules/@types'), { recursive: true });
  for (const name of ['chrono-node', 'react', '@types/react', 'csstype', '@types/node', 'undici-types']) {
    await symlink(join(rootModules, name), join(consumer, 'node_modules', name));
  }
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

const readme = () => readFile(join(consumer, 'node_modules/@tasklane/sdk/README.md'), 'utf8');

/** The README's code, except blocks that need other packages. */
async function readmeProgram(): Promise<string> {
  const blocks = [...(await readme()).matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  return blocks.filter((code) => !code.includes('better-auth')).join('');
}

/** The README's section on React. */
async function reactProgram(): Promise<string> {
  const section = (await readme()).split('\n## ').find((each) => each.startsWith('React\n')) as string;
  return [...section.matchAll(/```tsx\n(.*?)```/gs)].map(([, code = '']) => code).join('');
}

/** The code of docs/sync.md. */
async function syncProgram(): Promise<string> {
  const guide = await readFile(join(sdk, '../docs/sync.md'), 'utf8');
  return /```ts\n(.*?)```/s.exec(guide)?.[1] as string;
}

/** The code of a language in a page of the repository. `token` is a value that the reader has. */
async function pageProgram(page: string, language: string): Promise<string> {
  const text = await readFile(join(sdk, '..', page), 'utf8');
  const blocks = [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))];
  return `${blocks.map(([, code = '']) => code).join('')}\ndeclare const token: string;\n`;
}

const compilerOptions = {
  target: 'es2022',
  lib: ['es2022', 'dom'],
  types: [],
  jsx: 'react-jsx',
  strict: true,
  skipLibCheck: true,
  noEmit: true,
};

async function compile(name: string, options: object, files: readonly string[]): Promise<string> {
  const project = `tsconfig.${name}.json`;
  const config = { compilerOptions: { ...compilerOptions, ...options }, files };
  await writeFile(join(consumer, project), JSON.stringify(config));
  const tsc = join(rootModules, 'typescript/bin/tsc');
  return run(process.execPath, [tsc, '-p', project], { cwd: consumer });
}

test('type errors name the field, the value or the path that is wrong', async () => {
  const mistakes: readonly (readonly [code: string, message: string])[] = [
    [`lane.tasks.create({ title: 'A', dueDate: 'x' })`, `'dueDate' does not exist`],
    [`lane.tasks.create({})`, `Property 'title' is missing`],
    [`lane.tasks.update('1', { done: true })`, `'done' does not exist`],
    [
      `lane.tasks.list({ status: 'done' })`,
      `Type '"done"' is not assignable to type '"pending" | "in_progress"`,
    ],
    [`lane.tasks.list({ state: 'pending' })`, `'state' does not exist`],
    [`lane.tasks.toggle('1')`, `Property 'toggle' does not exist on type 'TasksMethods'`],
    [`tasklane.raw.GET('/api/tasks')`, `Argument of type '"/api/tasks"' is not assignable`],
    [`tasklane.raw.POST('/api/{user_id}/tasks', { params, body: { titel: 'A' } })`, `'titel' does not exist`],
    [`live.tasks.update('1', { done: true })`, `'done' does not exist`],
    [`queries.tasks.list({ status: 'done' })`, `Type '"done"' is not assignable`],
    [`useTasks({ view: 'now' })`, `Type '"now"' is not assignable to type '"today" | "overdue"`],
    [`useTaskActions().create({ titel: 'A' })`, `Did you mean to write 'title'?`],
  ];
  const before = [
    `import type { Lane, Tasklane } from '@tasklane/sdk';`,
    `import type { LiveLane } from '@tasklane/sdk/live';`,
    `import type { LaneQueries } from '@tasklane/sdk/query';`,
    `import { useTaskActions, useTasks } from '@tasklane/sdk/react';`,
    'declare const lane: Lane, tasklane: Tasklane, live: LiveLane, queries: LaneQueries;',
    `const params = { path: { user_id: 'ada' } };`,
  ];
  const program = [...before, ...mistakes.map(([code]) => code)].join('\n');
  await writeFile(join(consumer, 'mistakes.ts'), program);
  const options = { module: 'esnext', moduleResolution: 'bundler' };
  const output = await compile('mistakes', options, ['mistakes.ts']).then(
    () => '',
    (error: Error) => error.message,
  );
  const errors = output.split(/^(?=mistakes\.ts\()/m).slice(1);
  const found = mistakes.map(([code], index) => {
    const start = `mistakes.ts(${before.length + index + 1},`;
    return [code, errors.filter((each) => each.startsWith(start)).join('')] as const;
  });
  expect(found).toEqual(mistakes.map(([code, message]) => [code, expect.stringContaining(message)]));
}, 60_000);

test.each([
  [
    'bundler',
    'esnext',
    [
      'bundler.ts',
      'readme.ts',
      'react.tsx',
      'sync.ts',
      'quick-start.ts',
      'quick-start-react.tsx',
      'root.ts',
      'root-react.tsx',
    ],
  ],
  ['node16', 'node16', ['node.mts', 'node.cts']],
] as const)(
  'has types for moduleResolution %s',
  async (moduleResolution, module, files) => {
    for (const file of files) {
      const programs: Record<string, () => Promise<string>> = {
        'readme.ts': readmeProgram,
        'react.tsx': reactProgram,
        'sync.ts': syncProgram,
        'quick-start.ts': () => pageProgram('docs/quick-start.md', 'ts'),
        'quick-start-react.tsx': () => pageProgram('docs/quick-start.md', 'tsx'),
        'root.ts': () => pageProgram('README.md', 'ts'),
        'root-react.tsx': () => pageProgram('README.md', 'tsx'),
      };
      await writeFile(join(consumer, file), await (programs[file] ?? typeChecks)());
    }
    expect(await compile(moduleResolution, { module, moduleResolution }, files)).toBe('');
  },
  60_000,
);

test('the samples of the contract have the right types, and show each write of React', async () => {
  const generated = join(sdk, '../generated/samples');
  const names = (await readdir(generated)).filter((name) => /\.tsx?$/.test(name));
  await cp(generated, join(consumer, 'samples'), { recursive: true });
  const all = (names: readonly string[]) =>
    JSON.stringify(Object.fromEntries(names.map((name) => [name, true])));
  const tables = `
    import type { LiveLane } from '@tasklane/sdk/live';
    import type { TaskActions } from '@tasklane/sdk/react';
    type Writes<Group> = Record<Exclude<keyof Group, 'get' | 'list' | 'watch'>, true>;
    export const tasks: Record<keyof TaskActions, true> = ${all(taskActions)};
    ${Object.entries(laneWrites)
      .map(([group, writes]) => `export const ${group}: Writes<LiveLane['${group}']> = ${all(writes)};`)
      .join('\n')}`;
  await writeFile(join(consumer, 'tables.ts'), tables);
  const options = { module: 'esnext', moduleResolution: 'bundler', types: ['node'] };
  const files = ['tables.ts', ...names.map((name) => `samples/${name}`)];
  expect(await compile('samples', options, files)).toBe('');
}, 60_000);
