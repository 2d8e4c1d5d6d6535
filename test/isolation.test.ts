/** Two users on every operation of the contract: neither sees or changes what is the other's. */
import { randomUUID } from 'node:crypto';
import type { Operation } from '../src/contract/contract';
import { type ApiResponse, type Body, send } from './support/api';
import { query } from './support/database';
import { bodyFields, exampleBody, exampleQuery, idField, operations } from './support/operations';
import { startTestService, type TestService, tokenOf } from './support/service';
import { seedTasks } from './support/tasks';

const secret = 'Nobody else may read this';
/** Ids that are alike to people, to other databases, or before decoding, but not by code point. */
const alike = [
  'ada',
  'Ada',
  'ada%20',
  'ada+',
  'a%64a',
  'àda',
  'a\u0300da',
  'аda',
  'ada\u200b',
  'ada;',
  'ada,bob',
  'ada?',
  '...',
];

interface Owner {
  readonly id: string;
  readonly token: string;
  /** What the owner has, by the path parameter or the field of a body that names it. */
  readonly ids: Readonly<Record<string, string>>;
}

/** What an operation on something is tried on, where that is not what its parameter is on other operations. */
const otherIds: Readonly<Record<string, string>> = {
  restoreTask: 'deleted_task_id',
  skipOccurrence: 'recurring_task_id',
  purgeTask: 'deleted_task_id',
};

let service: TestService;
let mine: Owner;
let theirs: Owner;

async function makeOwner(id: string): Promise<Owner> {
  const [task_id] = (await seedTasks(service.database.url, id, [
    { title: secret, description: secret },
    { title: secret },
  ])) as [string];
  const token = await tokenOf(id);
  const lane = `/api/${encodeURIComponent(id)}`;
  const make = async (path: string, body: object): Promise<Body> => {
    const response = await send(service.url, 'POST', lane + path, { token, body });
    expect(response.status).toBe(201);
    return response.body;
  };
  const { id: project_id } = await make('/projects', { name: secret });
  const { id: other_project_id } = await make('/projects', { name: secret });
  const { id: other_task_id } = await make('/tasks', { title: secret, tags: [secret] });
  const { id: recurring_task_id } = await make('/tasks', {
    title: secret,
    due_date: '2099-01-01',
    rrule: 'FREQ=WEEKLY',
  });
  const { id: deleted_task_id } = await make('/tasks', { title: secret });
  await send(service.url, 'DELETE', `${lane}/tasks/${deleted_task_id}`, { token });
  const tags = await send(service.url, 'GET', `${lane}/tags`, { token });
  const { id: webhook_id } = await make('/webhooks', {
    url: 'https://hooks.example.com/',
    description: secret,
  });
  const test = await send(service.url, 'POST', `${lane}/webhooks/${webhook_id}/test`, { token });
  const ids = {
    task_id,
    other_task_id,
    deleted_task_id,
    recurring_task_id,
    project_id,
    other_project_id,
    tag_id: tags.body.items[0].id,
    webhook_id,
    delivery_id: test.body.id,
  };
  return { id, token, ids };
}

/** The fields of an operation's body that name something else of the lane, with the name of what they refer to. */
function referencesOf(operation: Operation): [field: string, id: string][] {
  const [kind] = /(?<=\{user_id\}\/)(projects|tasks)/.exec(operation.path) ?? [];
  const neighbour = kind === 'projects' ? 'other_project_id' : 'other_task_id';
  const known: Record<string, string> = {
    project_id: 'project_id',
    parent_id: 'other_task_id',
    before: neighbour,
    after: neighbour,
  };
  const fields = bodyFields(operation).filter((field) => idField(operation, field));
  return fields.map((field) => {
    const id = known[field];
    if (!id) throw new Error(`This test knows nothing for the field ${field} of ${operation.id}.`);
    return [field, id];
  });
}

/** The contract's example of a body, with the owner's own ids in it. */
function bodyOf(operation: Operation, ids: Owner['ids']): unknown {
  const body = exampleBody(operation);
  if (typeof body !== 'object' || body === null) return body;
  const own = referencesOf(operation)
    .filter(([field]) => (body as Record<string, unknown>)[field])
    .map(([field, id]) => [field, ids[id]]);
  return { ...body, ...Object.fromEntries(own) };
}

beforeAll(async () => {
  service = await startTestService({ RATE_LIMIT: 'off' });
  theirs = await makeOwner(randomUUID());
});
afterAll(() => service.stop());
beforeEach(async () => {
  mine = await makeOwner(randomUUID());
});

const inLanes: [string, Operation][] = operations
  .filter((operation) => operation.path.includes('{user_id}'))
  .map((operation) => [operation.id, operation]);

function parametersOf(operation: Operation): string[] {
  return [...operation.path.matchAll(/\{([^}]+)\}/g)]
    .map(([, name]) => name as string)
    .filter((name) => name !== 'user_id');
}

const withIds = inLanes.filter(([, operation]) => parametersOf(operation).length > 0);
const withoutIds = inLanes.filter(([, operation]) => parametersOf(operation).length === 0);

function request(
  operation: Operation,
  {
    as,
    lane,
    ids = as.ids,
    body = bodyOf(operation, as.ids),
  }: { as: Owner; lane: string; ids?: Owner['ids']; body?: unknown },
): Promise<ApiResponse> {
  const path = operation.path.replace(/\{([^}]+)\}/g, (_match, name: string) => {
    const value = name === 'user_id' ? lane : ids[otherIds[operation.id] ?? name];
    if (value === undefined) throw new Error(`This test has nothing for the path parameter ${name}.`);
    return encodeURIComponent(value);
  });
  return send(service.url, operation.method.toUpperCase(), path + exampleQuery(operation, lane), {
    token: as.token,
    body,
  });
}

/** Everything that is in a user's lane, whatever its table. */
async function rowsOf(userId: string): Promise<Record<string, unknown[]>> {
  const tables = await query<{ name: string }>(
    service.database.url,
    `select table_name as name from information_schema.columns
     where table_schema = 'tasklane' and column_name = 'user_id' order by 1`,
  );
  const selects = tables.map(
    ({ name }) =>
      `select '${name}' as name, to_jsonb(t) as row from tasklane."${name}" as t where user_id = $1`,
  );
  const rows = await query<{ name: string; row: unknown }>(
    service.database.url,
    `select * from (${selects.join(' union all ')}) as lane order by name, row::text collate "C"`,
    [userId],
  );
  const found = Map.groupBy(rows, (each) => each.name);
  return Object.fromEntries(
    tables.map(({ name }) => [name, (found.get(name) ?? []).map((each) => each.row)]),
  );
}

test('the contract has operations of each kind, and every secured one is in a lane', () => {
  expect(withIds.length).toBeGreaterThan(0);
  expect(withoutIds.length).toBeGreaterThan(0);
  expect(operations.filter((operation) => operation.scope).map((operation) => operation.id)).toEqual(
    inLanes.map(([id]) => id),
  );
});

test.each(inLanes)('%s works in one’s own lane, and leaves the other’s alone', async (_id, operation) => {
  const before = await rowsOf(theirs.id);
  expect(before.tasks).toHaveLength(5);
  const response = await request(operation, { as: mine, lane: mine.id });
  expect(response.status).toBeLessThan(300);
  const text = JSON.stringify([response.body, response.headers]);
  for (const each of [theirs.id, ...Object.values(theirs.ids)]) expect(text).not.toContain(each);
  expect(await rowsOf(theirs.id)).toEqual(before);
});

test.each(inLanes)('%s is 403 in the other’s lane', async (_id, operation) => {
  const before = await rowsOf(theirs.id);
  for (const ids of [theirs.ids, mine.ids]) {
    const response = await request(operation, { as: mine, lane: theirs.id, ids });
    expect(response).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(JSON.stringify(response.body)).not.toContain(secret);
  }
  expect(await rowsOf(theirs.id)).toEqual(before);
});

test.each(withIds)('%s is 404 for what is the other’s, as for what is not there', async (_id, operation) => {
  const [before, ownBefore] = [await rowsOf(theirs.id), await rowsOf(mine.id)];
  for (const parameter of parametersOf(operation)) {
    const name = otherIds[operation.id] ?? parameter;
    const ids = { ...mine.ids, [name]: theirs.ids[name] as string };
    const response = await request(operation, { as: mine, lane: mine.id, ids });
    expect(response.status).toBe(404);
    const absent = await request(operation, {
      as: mine,
      lane: mine.id,
      ids: { ...mine.ids, [name]: randomUUID() },
    });
    const { request_id: _one, ...problem } = response.body;
    const { request_id: _other, ...usual } = absent.body;
    expect(problem).toEqual(usual);
  }
  expect(await rowsOf(theirs.id)).toEqual(before);
  expect(await rowsOf(mine.id)).toEqual(ownBefore);
});

const referring = inLanes.flatMap(([, operation]) =>
  referencesOf(operation).map(([field, id]): [string, string, Operation, string] => [
    operation.id,
    field,
    operation,
    id,
  ]),
);

test('the contract has bodies that refer to something', () => {
  expect(referring.length).toBeGreaterThan(0);
});

test.each(referring)(
  '%s is 422 for a %s that is the other’s, as for one that is not there',
  async (...row) => {
    const [, field, operation, name] = row;
    const [before, ownBefore] = [await rowsOf(theirs.id), await rowsOf(mine.id)];
    const problems = [];
    for (const id of [theirs.ids[name], randomUUID()]) {
      const body = { ...(exampleBody(operation) as object), [field]: id };
      const others = referencesOf(operation).filter(([each]) => each !== field);
      for (const [each] of others) delete (body as Record<string, unknown>)[each];
      const response = await request(operation, { as: mine, lane: mine.id, body });
      expect(response).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: `/body/${field}`, code: 'not-in-lane' }] },
      });
      const { request_id: _id, ...problem } = response.body;
      problems.push(problem);
    }
    expect(problems[0]).toEqual(problems[1]);
    expect(await rowsOf(theirs.id)).toEqual(before);
    expect(await rowsOf(mine.id)).toEqual(ownBefore);
  },
);

test('createTask with the other’s id makes a row of one’s own', async () => {
  const before = await rowsOf(theirs.id);
  const [, create] = withoutIds.find(([id]) => id === 'createTask') as [string, Operation];
  const id = theirs.ids.task_id;
  const response = await request(create, { as: mine, lane: mine.id, body: { id, title: 'My own' } });
  expect(response).toMatchObject({ status: 201, body: { id, user_id: mine.id, title: 'My own' } });
  expect(await rowsOf(theirs.id)).toEqual(before);
  const rows = await query(service.database.url, 'select user_id, title from tasklane.tasks where id = $1', [
    id,
  ]);
  expect(rows).toHaveLength(2);
  expect(rows).toEqual(
    expect.arrayContaining([
      { user_id: mine.id, title: 'My own' },
      { user_id: theirs.id, title: secret },
    ]),
  );
});

test('createTask takes no owner from its body', async () => {
  const [, create] = withoutIds.find(([id]) => id === 'createTask') as [string, Operation];
  const body = { title: 'Planted', user_id: theirs.id };
  const response = await request(create, { as: mine, lane: mine.id, body });
  expect(response.status).toBe(422);
});

describe('users whose ids look alike', () => {
  let owners: Owner[];
  beforeAll(async () => {
    owners = await Promise.all(alike.map(makeOwner));
  });

  test.each(inLanes)('%s keeps them apart', async (_id, operation) => {
    if (operation.method !== 'get') return;
    for (const owner of owners) {
      for (const other of alike) {
        const response = await request(operation, { as: owner, lane: other });
        expect([owner.id, other, response.status]).toEqual([owner.id, other, other === owner.id ? 200 : 403]);
        if (response.status === 200) {
          const text = JSON.stringify(response.body);
          const others = owners.filter((each) => each !== owner);
          expect(others.filter((each) => text.includes(each.ids.task_id as string))).toEqual([]);
        }
      }
    }
  });

  test.each([
    ['ada', '%61da', 200],
    ['ada', '%2561da', 403],
    ['ada', 'ADA', 403],
    ['ada', 'ada%20', 403],
    ['ada', '%20ada', 403],
    ['ada', 'ada%00', 403],
    ['ada', 'ada%2F', 403],
    ['ada', 'ada%2F..%2Fada', 403],
    ['ada', 'ada;x=1', 403],
    ['ada', '%C0%A1', 400],
    ['a%64a', 'a%2564a', 200],
    ['a%64a', 'a%64a', 403],
    ['ada+', 'ada+', 200],
    ['ada+', 'ada%2B', 200],
    ['ada+', 'ada%20', 403],
    ['àda', '%C3%A0da', 200],
    ['àda', 'a%CC%80da', 403],
    ['ada', 'ada//', 404],
    ['ada', '', 404],
  ])('the token of %s on /api/%s is %i', async (id, segment, status) => {
    const response = await send(service.url, 'GET', `/api/${segment}/tasks`, { token: await tokenOf(id) });
    expect(response.status).toBe(status);
  });
});
