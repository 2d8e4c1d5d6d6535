/**
 * Two users on every operation of the contract: neither reads or changes the other's lane. The suite runs with all
 * walls, and with one wall alone.
 */
import { randomUUID } from 'node:crypto';
import type { Operation } from '../../src/platform/contract/document/contract';
import { send } from '../support/api';
import { query } from '../support/database';
import { exampleBody, operations } from '../support/operations';
import {
  idNameOf,
  idParametersOf,
  makeOwner as makeOwnerOf,
  type Owner,
  type OwnerRequest,
  referencesOf,
  rowsOf as rowsInLane,
  sendAs,
} from '../support/owner';
import { type TestService, tokenOf } from '../support/service';

const secret = 'Nobody else may read this';
/** Ids that look alike to people, to other databases, or before decoding, but differ by code point. */
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

/** The walls that are active in a run of the suite. */
export interface Walls {
  /** Starts the service. */
  start(): Promise<TestService>;
  /** Whether the user of the path must be the token's. */
  readonly pathIsChecked: boolean;
}

/** Runs the tests against the active walls. */
export function tryIsolation({ start, pathIsChecked }: Walls): void {
  let service: TestService;
  let mine: Owner;
  let theirs: Owner;

  const makeOwner = (id: string) => makeOwnerOf(service, id, secret);
  const rowsOf = (id: string) => rowsInLane(service.database.url, id);

  beforeAll(async () => {
    service = await start();
    theirs = await makeOwner(randomUUID());
  });
  afterAll(() => service.stop());
  beforeEach(async () => {
    mine = await makeOwner(randomUUID());
  });

  const inLanes: [string, Operation][] = operations
    .filter((operation) => operation.path.includes('{user_id}'))
    .map((operation) => [operation.id, operation]);

  const withIds = inLanes.filter(([, operation]) => idParametersOf(operation).length > 0);
  const withoutIds = inLanes.filter(([, operation]) => idParametersOf(operation).length === 0);

  const request = (operation: Operation, options: OwnerRequest) => sendAs(service.url, operation, options);

  test('the contract has operations of each kind, and every secured operation is in a lane', () => {
    expect(withIds.length).toBeGreaterThan(0);
    expect(withoutIds.length).toBeGreaterThan(0);
    expect(operations.filter((operation) => operation.scope).map((operation) => operation.id)).toEqual(
      inLanes.map(([id]) => id),
    );
  });

  test.each(inLanes)('%s works in the caller’s lane, and affects no other lane', async (_id, operation) => {
    const before = await rowsOf(theirs.id);
    expect(before.tasks).toHaveLength(5);
    const response = await request(operation, { as: mine, lane: mine.id });
    expect(response.status).toBeLessThan(300);
    const text = JSON.stringify([response.body, response.headers]);
    for (const each of [theirs.id, ...Object.values(theirs.ids)]) expect(text).not.toContain(each);
    expect(await rowsOf(theirs.id)).toEqual(before);
  });

  if (pathIsChecked) {
    test.each(inLanes)('%s is 403 in the lane of another user', async (_id, operation) => {
      const before = await rowsOf(theirs.id);
      for (const ids of [theirs.ids, mine.ids]) {
        const response = await request(operation, { as: mine, lane: theirs.id, ids });
        expect(response).toMatchObject({ status: 403, body: { code: 'forbidden' } });
        expect(JSON.stringify(response.body)).not.toContain(secret);
      }
      expect(await rowsOf(theirs.id)).toEqual(before);
    });
  } else {
    test.each(inLanes)(
      '%s with the path of another user works in the lane of the caller',
      async (_id, operation) => {
        const before = await rowsOf(theirs.id);
        const response = await request(operation, { as: mine, lane: theirs.id });
        expect(response.status).toBeLessThan(300);
        const text = JSON.stringify([response.body, response.headers]);
        for (const each of Object.values(theirs.ids)) expect(text).not.toContain(each);
        expect(await rowsOf(theirs.id)).toEqual(before);
      },
    );

    test.each(withIds)(
      '%s with the path of another user does not find the entities of that user',
      async (_id, operation) => {
        const before = await rowsOf(theirs.id);
        const response = await request(operation, { as: mine, lane: theirs.id, ids: theirs.ids });
        expect(response.status).toBe(404);
        expect(await rowsOf(theirs.id)).toEqual(before);
      },
    );
  }

  test.each(withIds)(
    '%s is 404 for an entity of another user, as for a missing one',
    async (_id, operation) => {
      const [before, ownBefore] = [await rowsOf(theirs.id), await rowsOf(mine.id)];
      for (const parameter of idParametersOf(operation)) {
        const name = idNameOf(operation, parameter);
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
    },
  );

  const referring = inLanes.flatMap(([, operation]) =>
    referencesOf(operation).map(([field, id]): [string, string, Operation, string] => [
      operation.id,
      field,
      operation,
      id,
    ]),
  );

  test('the contract has bodies with references', () => {
    expect(referring.length).toBeGreaterThan(0);
  });

  test.each(referring)(
    '%s is 422 for a %s of the other user, the same as for a missing one',
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

  test('createTask with the id of another user’s task creates a task in the lane of the caller', async () => {
    const before = await rowsOf(theirs.id);
    const [, create] = withoutIds.find(([id]) => id === 'createTask') as [string, Operation];
    const id = theirs.ids.task_id;
    const response = await request(create, { as: mine, lane: mine.id, body: { id, title: 'My own' } });
    expect(response).toMatchObject({ status: 201, body: { id, user_id: mine.id, title: 'My own' } });
    expect(await rowsOf(theirs.id)).toEqual(before);
    const rows = await query(
      service.database.url,
      'select user_of(lane_id) as user_id, title from tasklane.tasks where id = $1',
      [id],
    );
    expect(rows).toHaveLength(2);
    expect(rows).toEqual(
      expect.arrayContaining([
        { user_id: mine.id, title: 'My own' },
        { user_id: theirs.id, title: secret },
      ]),
    );
  });

  test('a search that tolerates typos finds nothing of the other user', async () => {
    const word = 'Xylophonistin';
    const search = async (owner: Owner) => {
      const path = `/api/${owner.id}/tasks?q=Xylofonistin`;
      return (await send(service.url, 'GET', path, { token: owner.token })).body;
    };
    const body = { title: word };
    const made = await send(service.url, 'POST', `/api/${theirs.id}/tasks`, { token: theirs.token, body });
    try {
      expect(await search(theirs)).toMatchObject({ items: [{ title: word }], search: { approximate: true } });
      expect((await search(mine)).items).toEqual([]);
    } finally {
      const task = `/api/${theirs.id}/tasks/${made.body.id}`;
      await send(service.url, 'DELETE', task, { token: theirs.token, headers: { 'If-Match': '*' } });
      await send(service.url, 'DELETE', `/api/${theirs.id}/trash/${made.body.id}`, { token: theirs.token });
    }
  });

  test('createTask rejects a body with an owner', async () => {
    const [, create] = withoutIds.find(([id]) => id === 'createTask') as [string, Operation];
    const body = { title: 'Planted', user_id: theirs.id };
    const response = await request(create, { as: mine, lane: mine.id, body });
    expect(response.status).toBe(422);
  });

  if (!pathIsChecked) return;

  describe('users whose ids look alike', () => {
    let owners: Owner[];
    beforeAll(async () => {
      owners = await Promise.all(alike.map(makeOwner));
    });

    test.each(inLanes)('%s keeps their lanes apart', async (_id, operation) => {
      if (operation.method !== 'get') return;
      for (const owner of owners) {
        for (const other of alike) {
          const response = await request(operation, { as: owner, lane: other });
          expect([owner.id, other, response.status]).toEqual([
            owner.id,
            other,
            other === owner.id ? 200 : 403,
          ]);
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
}
