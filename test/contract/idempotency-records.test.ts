/** Tests what the idempotency record keeps of a handler's work and reply. */

import { taskHandlers } from '../../src/features/tasks/handlers';
import { toTask } from '../../src/features/tasks/mapper';
import { redactorsOf } from '../../src/platform/contract/document/secrets';
import type { Handlers } from '../../src/platform/contract/http/call';
import type { Database } from '../../src/platform/database/database';
import type { WritableLane } from '../../src/platform/database/lane';
import type { TaskRow } from '../../src/platform/database/rows';
import { createTestDatabase, query, type TestDatabase } from '../support/database';
import { openDatabase } from '../support/open-database';
import { allHandlers, changedContract, serveRouter } from '../support/router';

type CreateTask = Handlers['createTask'];

let testDatabase: TestDatabase;
let database: Database;
let server: Awaited<ReturnType<typeof serveRouter>>;
/** The handler of `createTask`; each test sets its own. */
let createTask: CreateTask;

// Allows a title of any length, for a large reply, and marks the description as a secret.
const contract = changedContract(({ components: { schemas } }) => {
  schemas.Task.properties.title = { type: 'string' };
  schemas.Task.properties.description = { type: ['string', 'null'], 'x-secret': true };
});

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, {
    max: 2,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 5000,
    preparedStatements: false,
  });
  const handlers: Handlers = {
    ...allHandlers(async (call) => call.reply(500)),
    createTask: (call) => createTask(call),
  };
  server = await serveRouter({ handlers, withUser: database.withUser, ...contract });
});
afterAll(async () => {
  await server?.close();
  await database.close();
  await testDatabase.drop();
});
beforeEach(async () => {
  createTask = taskHandlers.createTask;
  await query(testDatabase.url, 'delete from tasklane.profiles');
});

interface Answer {
  status: number;
  replayed: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: each test expects its own form of body.
  body: any;
}

async function create(key: string | null = 'a-key', body: object = { title: 'A task' }): Promise<Answer> {
  const response = await fetch(`${server.url}/api/ada/tasks`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key !== null && { 'Idempotency-Key': key }) },
    body: JSON.stringify(body),
  });
  const replayed = response.headers.get('Idempotency-Replayed');
  return { status: response.status, replayed, body: await response.json() };
}

async function titles(): Promise<string[]> {
  const rows = await query<{ title: string }>(
    testDatabase.url,
    'select title from tasklane.tasks order by 1',
  );
  return rows.map(({ title }) => title);
}

async function kept(): Promise<
  { operation: string; status: number; headers: object | null; body: string | null }[]
> {
  return query(testDatabase.url, 'select operation, status, headers, body from tasklane.idempotency_keys');
}

let ids = 0;
async function insert(lane: WritableLane, title: string): Promise<void> {
  ids += 1;
  const id = `019a9c2e-5b00-7c3a-9d51-${ids.toString(16).padStart(12, '0')}`;
  await lane.insert('tasks', { id, title });
  lane.changed({ type: 'task', id, action: 'created', fields: {} });
}

/** Sets the handler of `createTask`, and counts its calls. */
function count(handler: CreateTask): () => number {
  let calls = 0;
  createTask = (call) => {
    calls += 1;
    return handler(call);
  };
  return () => calls;
}

test('a handler is not called again for a stored reply', async () => {
  const calls = count(taskHandlers.createTask);
  const [first, second] = [await create(), await create()];
  expect(second).toEqual({ ...first, replayed: 'true' });
  expect(calls()).toBe(1);
  expect(await titles()).toEqual(['A task']);
  expect(await kept()).toEqual([
    {
      operation: 'createTask',
      status: 201,
      headers: {
        ETag: `"1-${Date.parse(first.body.updated_at)}"`,
        Location: `/api/ada/tasks/${first.body.id}`,
        'Tasklane-Seq': expect.stringMatching(/^1-/),
        'Tasklane-Request': expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      body: JSON.stringify(first.body),
    },
  ]);
});

test('nothing is stored for a request without a key', async () => {
  await Promise.all([create(null), create(null)]);
  expect(await titles()).toHaveLength(2);
  expect(await kept()).toEqual([]);
});

test('all transactions of a handler become one transaction', async () => {
  let broken = true;
  createTask = async (call) => {
    await call.lane.write((lane) => insert(lane, 'First'));
    const seen = await call.lane.read(async (lane) => lane.rows('tasks').pluck('title'));
    expect(seen).toEqual(['First']);
    if (broken) throw new Error('between the two');
    await call.lane.write((lane) => insert(lane, 'Second'));
    return taskHandlers.createTask(call);
  };
  expect(await create()).toMatchObject({ status: 500 });
  expect(await titles()).toEqual([]);
  expect(await kept()).toEqual([]);

  broken = false;
  expect(await create()).toMatchObject({ status: 201, replayed: null });
  expect(await create()).toMatchObject({ status: 201, replayed: 'true' });
  expect(await titles()).toEqual(['A task', 'First', 'Second']);
  const changes = await query(testDatabase.url, 'select seq from tasklane.changes order by seq');
  expect(changes).toEqual([{ seq: '1' }, { seq: '2' }, { seq: '3' }]);
});

test("a failure rolls back the handler's work and leaves the key unused", async () => {
  let failing = true;
  createTask = async (call) => {
    await call.lane.write((lane) => insert(lane, 'Half'));
    return failing ? call.fail('id-taken', { entity: null }) : taskHandlers.createTask(call);
  };
  expect(await create()).toMatchObject({ status: 409, body: { code: 'id-taken' } });
  expect(await titles()).toEqual([]);
  expect(await kept()).toEqual([]);
  failing = false;
  expect(await create()).toMatchObject({ status: 201, replayed: null });
  expect(await titles()).toEqual(['A task', 'Half']);
});

test('work is repeated after a deadlock and takes effect once', async () => {
  const calls = count(async (call) => {
    await call.lane.write((lane) => insert(lane, 'Before'));
    if (calls() === 1) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
    return taskHandlers.createTask(call);
  });
  expect(await create()).toMatchObject({ status: 201, replayed: null });
  expect(calls()).toBe(2);
  expect(await titles()).toEqual(['A task', 'Before']);
});

test('a reply that is too large is not stored, and its request is not carried out again', async () => {
  const calls = count(async (call) => {
    const task = await call.lane.write(async (lane) => {
      await insert(lane, 'Once');
      return lane.rows('tasks').first();
    });
    const large = { ...toTask('ada', task as TaskRow), title: 'é'.repeat(512 * 1024) };
    return call.reply(201, large, { Location: '/' });
  });
  expect(await create()).toMatchObject({ status: 201, replayed: null });
  // The first write of a lane can be attempted twice.
  const carriedOut = calls();
  expect(await create()).toMatchObject({ status: 409, body: { code: 'reply-not-kept' }, replayed: null });
  expect(await create('a-key', { title: 'Another' })).toMatchObject({ status: 422 });
  expect(calls()).toBe(carriedOut);
  expect(await titles()).toEqual(['Once']);
  expect(await kept()).toEqual([{ operation: 'createTask', status: 201, headers: null, body: null }]);
});

test('a streamed reply is rejected under a key, and nothing is stored', async () => {
  createTask = async (call) => {
    await call.lane.write((lane) => insert(lane, 'Streamed'));
    return call.stream(201, {} as never, { Location: '/', ETag: '"1-0"' });
  };
  expect(await create()).toMatchObject({ status: 500 });
  expect(await titles()).toEqual([]);
});

test('an erased lane keeps no idempotency record', async () => {
  createTask = async (call) => {
    const reply = await taskHandlers.createTask(call);
    await call.lane.write(async (lane) => lane.erase());
    return reply;
  };
  expect(await create()).toMatchObject({ status: 201 });
  expect(await query(testDatabase.url, 'select from tasklane.profiles')).toEqual([]);
  await query(testDatabase.url, 'delete from tasklane.erased');
});

describe('secrets', () => {
  test('are shown once and not stored', async () => {
    const body = { title: 'A task', description: 'Sesame' };
    const first = await create('a-key', body);
    expect(first).toMatchObject({ status: 201, body, replayed: null });
    const again = await create('a-key', body);
    expect(again).toEqual({ status: 201, body: { ...first.body, description: null }, replayed: 'true' });
    expect(JSON.stringify(await kept())).not.toContain('Sesame');
  });

  const secret = { type: ['string', 'null'], 'x-secret': true };
  const named = { properties: { name: { type: 'string' }, secret } };

  // biome-ignore lint/suspicious/noExplicitAny: schemas and values of any shape.
  test.each<[string, any, any, any]>([
    ['in an object', named, { name: 'a', secret: 'b' }, { name: 'a', secret: null }],
    ['in a list', { items: named }, [{ secret: 'b' }, { name: 'c' }], [{ secret: null }, { name: 'c' }]],
    ['behind a reference', { $ref: '#/components/schemas/Named' }, { secret: 'b' }, { secret: null }],
    [
      'next to a reference',
      { $ref: '#/components/schemas/Plain', properties: { secret } },
      { name: 'a', secret: 'b' },
      { name: 'a', secret: null },
    ],
    ['in a part of allOf', { allOf: [{ properties: {} }, named] }, { secret: 'b' }, { secret: null }],
    [
      'in an alternative',
      { properties: { hook: { oneOf: [{ type: 'null' }, { anyOf: [named] }] } } },
      { hook: { secret: 'b' }, secret: 'c' },
      { hook: { secret: null }, secret: 'c' },
    ],
    [
      'under any name',
      { properties: { name: {} }, additionalProperties: secret },
      { name: 'a', x: 'b', y: 'c' },
      { name: 'a', x: null, y: null },
    ],
    [
      'in a recursive schema',
      { $ref: '#/components/schemas/Tree' },
      { secret: 'a', children: [{ secret: 'b', children: [] }] },
      { secret: null, children: [{ secret: null, children: [] }] },
    ],
  ])('%s are found', (_where, schema, value, expected) => {
    const document = {
      components: {
        schemas: {
          Named: named,
          Plain: { properties: { name: {} } },
          Tree: { properties: { secret, children: { items: { $ref: '#/components/schemas/Tree' } } } },
        },
      },
    };
    const redactors = redactorsOf(
      document as never,
      { responseSchemas: new Map([['200', schema]]) } as never,
    );
    const before = structuredClone(value);
    expect(redactors.get('200')?.(value)).toEqual(expected);
    expect(value).toEqual(before);
  });

  test('are not searched for in a response without secrets', () => {
    const schemas = { Loop: { properties: { next: { $ref: '#/components/schemas/Loop' } } } };
    const responseSchemas = new Map([['200', schemas.Loop]]);
    expect(redactorsOf({ components: { schemas } } as never, { responseSchemas } as never)).toEqual(
      new Map(),
    );
  });
});
