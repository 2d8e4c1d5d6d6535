/** Runs the samples of all operations: curl in a shell, and the SDK in this process. `sdk/test/samples.test.ts` has React. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { type Sample, samplesOf } from '../../scripts/samples/samples';
import * as sdk from '../../sdk/src/index';
import { contractDocument, type Operation } from '../../src/platform/contract/document/contract';
import { send } from '../support/api';
import { query } from '../support/database';
import { exampleBody, examplePath, operations } from '../support/operations';
import { idNameOf, idParametersOf, makeOwner, type Owner, referencesOf } from '../support/owner';
import { useTestService } from '../support/service';

const samples = samplesOf(contractDocument);
const sampleOf = (id: string, label: Sample['label']) =>
  samples.get(id)?.find((each) => each.label === label)?.source;

const service = useTestService({ RATE_LIMIT: 'off' });

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tasklane-samples-'));
  // Errors end curl with a status of their own, and the progress of a transfer is not shown.
  writeFileSync(join(directory, '.curlrc'), 'fail-with-body\nsilent\nshow-error\n');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the examples of some operations presuppose. */
const prepared: Readonly<Record<string, (owner: Owner) => Promise<unknown>>> = {
  skipOccurrence: ({ id, token, ids }) =>
    send(service.url, 'PATCH', `/api/${id}/tasks/${ids.recurring_task_id}`, {
      token,
      body: { due_date: '2026-11-28' },
    }),
  replayWebhook: ({ ids }) =>
    query(service.database.url, 'update tasklane.webhooks set verified_at = now() where id = $1', [
      ids.webhook_id,
    ]),
};

/** The texts of the contract's examples that stand for entities, and what they are in the lane of an owner. */
function namesOf(operation: Operation, owner: Owner): Map<string, string> {
  const names = new Map([['http://127.0.0.1:8000', service.url]]);
  const examples = examplePath(operation, owner.id).split('?')[0]?.split('/') ?? [];
  const templates = operation.path.split('/');
  for (const parameter of idParametersOf(operation)) {
    const id = owner.ids[idNameOf(operation, parameter)];
    if (id !== undefined) names.set(examples[templates.indexOf(`{${parameter}}`)] as string, id);
  }
  const body = exampleBody(operation) as Record<string, unknown> | undefined;
  for (const [field, id] of referencesOf(operation)) {
    if (typeof body?.[field] === 'string') names.set(body[field], owner.ids[id] as string);
  }
  return names
    .set('/api/ada', `/api/${owner.id}`)
    .set('confirm=ada', `confirm=${owner.id}`)
    .set("confirm: 'ada'", `confirm: '${owner.id}'`);
}

let reader: Promise<Owner> | undefined;
let owners = 0;

/** A sample with the names of an owner: one for all operations that only read, and one for each other sample. */
async function prepare(operation: Operation, source: string): Promise<{ owner: Owner; source: string }> {
  reader ??= makeOwner(service, 'ada-reads');
  const owner = operation.method === 'get' ? await reader : await makeOwner(service, `ada-${++owners}`);
  await prepared[operation.id]?.(owner);
  const names = namesOf(operation, owner);
  return { owner, source: [...names].reduce((text, [from, to]) => text.replaceAll(from, to), source) };
}

/** Runs a command in a shell. A command that does not end is stopped after its first output. */
function shell(
  command: string,
  cwd: string,
  token: string,
  endless: boolean,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: directory, TOKEN: token };
    // `exec`, so that the signal reaches curl.
    const child = spawn('sh', ['-c', endless ? `exec ${command}` : command], { cwd, env });
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk;
      if (endless) child.kill();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Writes the files that an operation reads. */
function writeInput(operation: Operation): string {
  const folder = mkdtempSync(join(directory, operation.id));
  const body = exampleBody(operation);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  for (const name of ['tasklane.json', 'tasks.csv', 'tasks.ics'])
    writeFileSync(join(folder, name), text ?? '');
  return folder;
}

test('each operation has a sample for curl, and each method of the SDK has one', () => {
  expect([...samples.keys()].sort()).toEqual(operations.map(({ id }) => id).sort());
  const without = operations.filter(({ id }) => !sampleOf(id, 'curl')).map(({ id }) => id);
  expect(without).toEqual([]);
  const methods = operations.filter(({ path }) => path.startsWith('/api/')).map(({ id }) => id);
  expect(methods.filter((id) => !sampleOf(id, 'SDK'))).toEqual([]);
});

// This address has a secret, which only the answer of createCalendarFeed shows.
const secretAddress = 'readCalendarFeed';

test.each(operations.map((operation) => [operation.id, operation] as const))(
  'curl: %s',
  async (id, operation) => {
    const { owner, source } = await prepare(operation, sampleOf(id, 'curl') as string);
    let command = source;
    if (id === secretAddress) {
      const { body } = await send(service.url, 'POST', `/api/${owner.id}/calendar-feed`, {
        token: owner.token,
      });
      command = source.replace(/'?http\S+/, `'${body.url}'`);
    }
    const cwd = writeInput(operation);
    expect(await shell(command, cwd, owner.token, id === 'streamEvents')).toEqual({
      code: id === 'streamEvents' ? null : 0,
      output: expect.any(String),
    });
  },
);

class Done extends Error {}

/** Runs a module in this process. */
async function run(source: string, cwd: string, token: string): Promise<void> {
  const imports = [...source.matchAll(/^import \{ (.*) \} from '(.*)';$/gm)];
  const { code } = transformSync(`(async () => {${source.replace(/^import .*$/gm, '')}\n})`, {
    jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
  });
  const modules: Record<string, unknown> = { '@tasklane/sdk': sdk };
  const names = imports.flatMap(([, list = '']) => list.split(', '));
  const values = imports.flatMap(([, list = '', from = '']) =>
    list.split(', ').map((name) => (modules[from] ?? require(from))[name]),
  );
  const inFolder = values.map((value, index) =>
    ['readFile', 'openAsBlob'].includes(names[index] as string)
      ? (path: string, ...rest: unknown[]) => value(join(cwd, path), ...rest)
      : value,
  );
  const process = { env: { TOKEN: token } };
  const console = {
    log: () => {
      throw new Done();
    },
  };
  const main = new Function(...names, 'process', 'console', `return ${code}`)(...inFolder, process, console);
  await main().catch((error: unknown) => {
    // The first line ends the sample, because the iteration over events does not end.
    if (!(error instanceof Done)) throw error;
  });
}

const withMethod = operations.filter(({ id }) => sampleOf(id, 'SDK'));

test.each(withMethod.map((operation) => [operation.id, operation] as const))(
  'SDK: %s',
  async (id, operation) => {
    const { owner, source } = await prepare(operation, sampleOf(id, 'SDK') as string);
    const running = run(source, writeInput(operation), owner.token);
    if (id === 'streamEvents') {
      await send(service.url, 'POST', `/api/${owner.id}/tasks`, {
        token: owner.token,
        body: { title: 'A task' },
      });
    }
    await running;
  },
);
