/** Tests idempotency keys and conditional requests on every operation that supports them. */
import { randomUUID } from 'node:crypto';
import { contractDocument, type Operation } from '../../src/platform/contract/document/contract';
import { redactorsOf } from '../../src/platform/contract/document/secrets';
import type { ApiResponse } from '../support/api';
import { holdLane, waitingForLocks } from '../support/held-lane';
import { operations, statusesOf } from '../support/operations';
import {
  bodyOf,
  idNameOf,
  idParametersOf,
  makeOwner,
  type Owner,
  type OwnerRequest,
  rowsOf,
  sendAs,
} from '../support/owner';
import { type TestService, useTestService } from '../support/service';
import { until } from '../support/until';

let owner: Owner;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  owner = await makeOwner(service, randomUUID());
});

type Request = Omit<OwnerRequest, 'as'>;

const request = (operation: Operation, options: Request = {}, base = service.url) =>
  sendAs(base, operation, { as: owner, ...options });
const rows = () => rowsOf(service.database.url, owner.id);

function taking(takes: (operation: Operation) => boolean): [string, Operation][] {
  return operations.filter(takes).map((operation) => [operation.id, operation]);
}

const keyed = taking((operation) => operation.takesKey);
const conditional = taking((operation) => operation.representation !== null);
const entities = taking(
  ({ method, scope, tagged }) => method === 'get' && scope !== null && tagged.has('200'),
);

/** A response without the parts that differ in every response. */
function told({ status, headers, body }: ApiResponse): object {
  const { 'x-request-id': _id, 'idempotency-replayed': _replayed, date: _date, ...rest } = headers;
  // It differs if the response has a secret, which is shown once.
  const { 'content-length': _length, ...others } = rest;
  return { status, headers: others, body };
}

/** A repeated reply: the same without secrets. */
function toldAgain(operation: Operation, reply: ApiResponse): object {
  const redact = redactorsOf(contractDocument, operation).get(String(reply.status));
  return told(redact ? { ...reply, body: redact(reply.body) } : reply);
}

/** The same JSON with its members in another order and with other white space. */
function rewritten(body: unknown): string | undefined {
  if (body === undefined) return undefined;
  return JSON.stringify(Object.fromEntries(Object.entries(body as object).toReversed()), null, 2);
}

test('the contract has operations of each kind', () => {
  expect(keyed.map(([id]) => id)).toEqual(expect.arrayContaining(['createTask', 'updateProfile']));
  expect(conditional.map(([id]) => id)).toEqual(expect.arrayContaining(['deleteTask', 'completeTask']));
  expect(entities.map(([id]) => id)).toEqual(expect.arrayContaining(['getTask', 'getProfile']));
});

describe.each(keyed)('%s with a key', (_id, operation) => {
  const withKey = (key = 'a-key', options: Request = {}) =>
    request(operation, { ...options, headers: { 'Idempotency-Key': key, ...options.headers } });

  test('is carried out once and repeats its reply', async () => {
    const first = await withKey();
    expect(first.status).toBeLessThan(300);
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    const after = await rows();

    const [type] = operation.mediaTypes;
    const same = { body: rewritten(bodyOf(operation, owner)), headers: type ? { 'Content-Type': type } : {} };
    for (const again of [await withKey(), await withKey('"a-key"', same)]) {
      expect(told(again)).toEqual(toldAgain(operation, first));
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    }
    expect(await rows()).toEqual(after);

    expect((await withKey('another-key')).headers).not.toHaveProperty('idempotency-replayed');
  });

  test('is the same request in each of its media types', async () => {
    const body = JSON.stringify(bodyOf(operation, owner));
    const [first, ...others] = operation.mediaTypes;
    if (first === undefined) return;
    const reply = await withKey('a-key', { body, headers: { 'Content-Type': first } });
    for (const other of others) {
      const again = await withKey('a-key', { body, headers: { 'Content-Type': other } });
      expect(told(again)).toEqual(toldAgain(operation, reply));
      expect(again.headers['idempotency-replayed']).toBe('true');
    }
  });

  test('is 409 at once while the first request is still running', async () => {
    const held = await holdLane(service.database.url, owner.id);
    const first = withKey();
    await until(async () => (await waitingForLocks(service.database.url)) === 1);
    const second = await withKey();
    expect(second).toMatchObject({ status: 409, body: { code: 'request-in-flight' } });
    expect(second.headers['retry-after']).toBe('1');
    await held.release();
    const reply = await first;
    expect(reply.status).toBeLessThan(300);
    expect(told(await withKey())).toEqual(toldAgain(operation, reply));
  });

  test('is 422 if the key was used with another path', async () => {
    const [parameter] = idParametersOf(operation);
    if (parameter === undefined) return;
    const name = idNameOf(operation, parameter);
    await withKey();
    const after = await rows();
    const reused = await withKey('a-key', { ids: { ...owner.ids, [name]: randomUUID() } });
    expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    expect(await rows()).toEqual(after);
  });

  test('is 400 for a malformed key', async () => {
    const before = await rows();
    const tooLong = 'a'.repeat(256);
    for (const key of ['', ' ', '""', '"', 'a b', 'a, b', '"a', tooLong, `"${tooLong}"`, '"\\a"', 'é']) {
      const response = await withKey(key);
      expect(response).toMatchObject({ status: 400, body: { code: 'malformed-header' } });
      expect(response.body.detail).toContain('Idempotency-Key');
    }
    expect(await rows()).toEqual(before);
  });

  test('keeps the keys of users apart', async () => {
    await withKey();
    const other = await makeOwner(service, randomUUID());
    const theirs = await withKey('a-key', { as: other } as Request);
    expect(theirs.status).toBeLessThan(300);
    expect(theirs.headers).not.toHaveProperty('idempotency-replayed');
  });
});

/** The response of `GET` for the entity that the operation changes. */
function representation(operation: Operation): Promise<ApiResponse> {
  const get = operations.find(({ id }) => id === operation.representation) as Operation;
  const same = idParametersOf(operation).map((name) => [
    idNameOf(get, name),
    owner.ids[idNameOf(operation, name)],
  ]);
  return request(get, { body: undefined, ids: Object.fromEntries(same) });
}

const absent = () => ({
  ids: Object.fromEntries(Object.keys(owner.ids).map((name) => [name, randomUUID()])),
});

describe.each(conditional)('%s with If-Match', (_id, operation) => {
  const ifMatch = (value: string, options: Request = {}) =>
    request(operation, { ...options, headers: { 'If-Match': value } });

  test.each<[string, (tag: string) => string]>([
    ['the tag', (tag) => tag],
    ['a list that has the tag', (tag) => `"1-1", W/"x",, ${tag} , "é,\\"`],
    ['any', () => ' * '],
  ])('succeeds while the entity matches %s', async (_what, value) => {
    const before = await representation(operation);
    const response = await ifMatch(value(before.headers.etag as string));
    expect(response.status).toBeLessThan(300);
    const after = await representation(operation);
    if (after.status === 404) return;
    const { secret: _secret, ...shown } = response.body;
    // Only a write has an id, and the position of the lane after it.
    const { 'tasklane-seq': _position, 'tasklane-request': _request, ...headers } = response.headers;
    expect(told({ ...response, headers, body: shown })).toEqual(told(after));
    expect(after.headers.etag === before.headers.etag).toBe(after.body.version === before.body.version);
  });

  test('is 412 if the entity no longer matches, and shows the current entity', async () => {
    const before = await rows();
    const now = await representation(operation);
    const tag = now.headers.etag as string;
    for (const value of ['"0-0"', `W/${tag}`, `"'${tag.slice(1, -1)}'"`, `"1", W/${tag}, ""`]) {
      const response = await ifMatch(value);
      expect(response).toMatchObject({
        status: 412,
        body: { code: 'precondition-failed', current: now.body },
        headers: { etag: tag },
      });
    }
    expect(await rows()).toEqual(before);
  });

  test('is 400 for a malformed list of entity tags', async () => {
    const before = await rows();
    const quoted = ['"abc', 'abc"', '*, "a"', '"a" "b"', 'w/"a"', 'W/ "a"', '"a b"', '"a";q=1', "'a'"];
    for (const value of ['', ',', 'abc', ...quoted]) {
      const response = await ifMatch(value);
      expect(response).toMatchObject({ status: 400, body: { code: 'malformed-header' } });
      expect(response.body.detail).toContain('If-Match');
    }
    expect(await rows()).toEqual(before);
  });

  test('is 404 for a missing entity', async () => {
    if (!statusesOf(operation).includes('404')) return;
    for (const value of ['"0-0"', '*']) expect((await ifMatch(value, absent())).status).toBe(404);
  });

  test('repeats its reply under a key, even if the entity has changed', async () => {
    if (!operation.takesKey) return;
    const { etag } = (await representation(operation)).headers;
    const headers = { 'If-Match': etag as string, 'Idempotency-Key': 'a-key' };
    const first = await request(operation, { headers });
    expect(first.status).toBeLessThan(300);
    await ifMatch('*');
    expect(told(await request(operation, { headers }))).toEqual(toldAgain(operation, first));
  });

  test('stores no reply if the entity did not match', async () => {
    if (!operation.takesKey) return;
    const headers = { 'If-Match': '"0-0"', 'Idempotency-Key': 'a-key' };
    expect((await request(operation, { headers })).status).toBe(412);
    const now = (await representation(operation)).headers.etag as string;
    const again = await request(operation, { headers: { ...headers, 'If-Match': now } });
    expect(again.status).toBeLessThan(300);
    expect(again.headers).not.toHaveProperty('idempotency-replayed');
  });
});

describe('when If-Match is required', () => {
  const strict = useTestService({ RATE_LIMIT: 'off', REQUIRE_IF_MATCH: 'true' });

  const demands: [string, () => Promise<TestService>][] = [
    [
      'the configuration',
      async () => {
        owner = await makeOwner(strict, owner.id);
        return strict;
      },
    ],
    [
      'the profile',
      async () => {
        const update = operations.find(({ id }) => id === 'updateProfile') as Operation;
        await request(update, { body: { require_if_match: true } });
        return service;
      },
    ],
  ];

  describe.each(demands)('by %s', (_what, arrange) => {
    test.each(conditional)(
      '%s is 428 without If-Match, or 404 for a missing entity',
      async (_id, operation) => {
        const { url, database } = await arrange();
        const before = await rowsOf(database.url, owner.id);
        for (const headers of [{}, operation.takesKey ? { 'Idempotency-Key': 'a-key' } : {}]) {
          const response = await request(operation, { headers }, url);
          expect(response).toMatchObject({ status: 428, body: { code: 'precondition-required' } });
          if (statusesOf(operation).includes('404')) {
            expect((await request(operation, { headers, ...absent() }, url)).status).toBe(404);
          }
        }
        expect(await rowsOf(database.url, owner.id)).toEqual(before);
        const response = await request(operation, { headers: { 'If-Match': '*' } }, url);
        expect(response.status).toBeLessThan(300);
      },
    );

    test.each(taking(({ scope, representation }) => scope === 'write' && representation === null))(
      '%s does not need If-Match',
      async (_id, operation) => {
        const { url } = await arrange();
        expect((await request(operation, {}, url)).status).toBeLessThan(300);
      },
    );
  });
});

describe.each(entities)('%s with If-None-Match', (_id, operation) => {
  const get = (ifNoneMatch?: string) =>
    request(operation, { headers: ifNoneMatch === undefined ? {} : { 'If-None-Match': ifNoneMatch } });

  test('is 304 without a body while the entity matches', async () => {
    const { headers } = await get();
    const tag = headers.etag as string;
    for (const value of [tag, `W/${tag}`, `"1-1",${tag}`, '*']) {
      const response = await get(value);
      expect(response.status).toBe(304);
      expect(response.body).toBeUndefined();
      expect(response.headers.etag).toBe(tag);
      expect(response.headers['cache-control']).toBe(headers['cache-control']);
      expect(response.headers).not.toHaveProperty('content-type');
    }
    const head = await request(operation, { method: 'HEAD', headers: { 'If-None-Match': tag } });
    expect(head.status).toBe(304);
  });

  test('is 200 after the entity has changed', async () => {
    const whole = await get();
    for (const value of ['"1-1"', 'W/"1-1", "2"', '""']) expect(told(await get(value))).toEqual(told(whole));
  });

  test('is 400 for a malformed list of entity tags', async () => {
    for (const value of ['', 'abc', '*,*']) {
      const response = await get(value);
      expect(response).toMatchObject({ status: 400, body: { code: 'malformed-header' } });
      expect(response.body.detail).toContain('If-None-Match');
    }
  });

  test('is 404 for a missing entity', async () => {
    if (!statusesOf(operation).includes('404')) return;
    const response = await request(operation, { headers: { 'If-None-Match': '*' }, ...absent() });
    expect(response.status).toBe(404);
  });
});
