/** Tests behaviour of express-openapi-validator that the service must prevent. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Handlers } from '../../src/platform/contract/http/call';
import type { RouterDependencies } from '../../src/platform/contract/http/router';
import { send } from '../support/api';
import { examplePath, exampleRequest, operations } from '../support/operations';
import { allHandlers, changedContract, createTestRouter, serveRouter } from '../support/router';

async function serving<T>(
  overrides: Partial<RouterDependencies>,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const { url, close } = await serveRouter(overrides);
  try {
    return await work(url);
  } finally {
    await close();
  }
}

describe('the start fails', () => {
  test('for an operation without a handler', async () => {
    const { getTask: _left, ...handlers } = allHandlers(async () => undefined);
    await expect(createTestRouter({ handlers: handlers as Handlers })).rejects.toThrow('getTask');
  });

  test.each<[string, Parameters<typeof changedContract>[0]]>([
    [
      'a reference without a target',
      (document) => (document.components.schemas.Task.properties.id.$ref += 'x'),
    ],
    ['a type that does not exist', (document) => (document.components.schemas.TaskTitle.type = 'sting')],
    ['a pattern that does not compile', (document) => (document.components.schemas.TaskTitle.pattern = '(')],
    [
      'a response without a description',
      (document) => delete document.paths['/livez'].get.responses[200].description,
    ],
  ])('for %s', async (_what, change) => {
    await expect(createTestRouter(changedContract(change))).rejects.toThrow();
  });
});

test('an internal error is 500 at every operation, and the response has no details of it', async () => {
  await serving({}, async (url) => {
    for (const operation of operations) {
      const response = await send(url, operation.method.toUpperCase(), examplePath(operation, 'ada'), {
        ...exampleRequest(operation),
      });
      expect(response).toMatchObject({ status: 500, body: { code: 'internal-error' } });
      expect(JSON.stringify(response)).not.toMatch(/inside|Error:|node_modules/);
    }
  });
});

describe('a response that breaks the contract', () => {
  const handlers = allHandlers(async (call) => call.reply(200, { status: 'alive and well' }));

  test('is replaced by a 500', async () => {
    await serving({ handlers }, async (url) => {
      const response = await send(url, 'GET', '/livez');
      expect(response).toMatchObject({ status: 500, body: { code: 'internal-error' } });
    });
  });

  test('is replaced by a 500 also if its status is unknown', async () => {
    const created = allHandlers(async (call) => call.reply(202, { status: 'alive' }));
    await serving({ handlers: created }, async (url) => {
      const response = await send(url, 'GET', '/livez');
      expect(response).toMatchObject({ status: 500, body: { code: 'internal-error' } });
    });
  });

  test('is sent unchanged if the check of responses is off', async () => {
    await serving({ handlers, invalidResponses: 'report' }, async (url) => {
      const response = await fetch(`${url}/livez`);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ status: 'alive and well' });
    });
  });
});

test('one response of the contract can serve several statuses and operations', async () => {
  // biome-ignore lint/suspicious/noExplicitAny: the document is changed at will.
  const shared = changedContract(({ components, paths }: any) => {
    components.responses.Alive = paths['/livez'].get.responses[200];
    const reference = { $ref: '#/components/responses/Alive' };
    Object.assign(paths['/livez'].get.responses, { 200: reference, 202: reference });
    paths['/readyz'].get.responses[200] = reference;
  });
  let reply = { status: 200, body: { status: 'alive' } };
  const handlers = allHandlers(async (call) => call.reply(reply.status, reply.body));
  await serving({ ...shared, handlers }, async (url) => {
    const statusOf = async (path: string) => (await fetch(url + path)).status;
    expect([await statusOf('/livez'), await statusOf('/readyz')]).toEqual([200, 200]);
    reply = { status: 202, body: { status: 'alive' } };
    expect([await statusOf('/livez'), await statusOf('/readyz')]).toEqual([202, 500]);
    reply = { status: 202, body: { status: 'asleep' } };
    expect([await statusOf('/livez'), await statusOf('/readyz')]).toEqual([500, 500]);
  });
});

describe('a request', () => {
  let url: string;
  let close: () => Promise<void>;
  let query: unknown;

  beforeAll(async () => {
    const handlers = allHandlers(async (call) => {
      query = call.query;
      return call.reply(200, {
        items: [],
        next_cursor: null,
        total: null,
        subtask_counts: null,
        highlights: null,
        search: null,
      });
    });
    ({ url, close } = await serveRouter({ handlers }));
  });
  afterAll(() => close());

  test.each([
    'created_after=2026-02-30T00:00:00Z',
    'created_after=2026-01-01',
    'created_after=2026-01-01T25:00:00Z',
    'created_after=',
    'status=done',
    'status=pending,done',
    'status=',
    'sort=created_at,created_at',
    'limit=0',
    'limit=201',
    'limit=2.5',
    'limit=10&limit=20',
    'include_total=yes',
    'status[x]=pending',
    'limit[]=1',
  ])('is rejected with the pointer of the parameter for ?%s', async (text) => {
    const response = await send(url, 'GET', `/api/ada/tasks?${text}`);
    expect(response.status).toBe(422);
    const name = /^\w+/.exec(text)?.[0];
    for (const { pointer } of response.body.errors) expect(pointer.startsWith(`/query/${name}`)).toBe(true);
  });

  test('can have reserved characters and lists in its parameters, and gets the default values', async () => {
    const response = await send(
      url,
      'GET',
      '/api/ada/tasks?created_after=2026-01-01T00:00:00%2B01:00&created_before=2026-01-01T00:00:00Z&status=pending,in_progress&sort=-priority,title',
    );
    expect(response.status).toBe(200);
    expect(query).toEqual({
      created_after: '2026-01-01T00:00:00+01:00',
      created_before: '2026-01-01T00:00:00Z',
      status: ['pending', 'in_progress'],
      sort: ['-priority', 'title'],
      limit: 50,
      include_total: false,
      include_subtask_counts: false,
      include_archived: false,
    });
  });

  test('gets all validation errors of its address and its body', async () => {
    const response = await send(url, 'PUT', '/api/ada/tasks/1?x=1&y=2', {
      body: { title: ' ', description: 5, priority: 'huge', colour: 'red' },
    });
    expect(response.status).toBe(422);
    expect(response.body.detail).toBe('`x` is not a parameter of this operation, and 6 more errors');
    const errors = response.body.errors.map(
      ({ pointer, code }: Record<string, string>) => `${pointer} ${code}`,
    );
    expect(errors.sort()).toEqual([
      '/body/colour unknown',
      '/body/description wrong-type',
      '/body/priority not-allowed',
      '/body/title wrong-format',
      '/path/task_id wrong-format',
      '/query/x unknown',
      '/query/y unknown',
    ]);
  });

  test('gets the expected pattern in words', async () => {
    const response = await send(url, 'GET', '/api/ada/tasks/1');
    expect(response.body.errors).toEqual([
      {
        pointer: '/path/task_id',
        code: 'wrong-format',
        detail: 'must be a UUID in lower case such as 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
      },
    ]);
  });
});

test('100,000 different content types do not raise memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const heapUsed = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };

  const handlers = allHandlers(async (call) => call.reply(200, { status: 'alive' }));
  await serving({ handlers }, async (url) => {
    /** Sends `count` requests down one connection and waits for the last answer. */
    const flood = async (from: number, count: number) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      let answered = 0;
      let tail = '';
      const done = new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.on('data', (chunk) => {
          const parts = (tail + chunk.toString('latin1')).split('HTTP/1.1 ');
          answered += parts.length - 1;
          tail = parts.at(-1)?.slice(-'HTTP/1.1'.length) ?? '';
          if (answered >= count) resolve();
        });
      });
      for (let i = from; i < from + count; i += 1) {
        const request =
          i % 10 === 0
            ? `GET /livez HTTP/1.1\r\nHost: x\r\nContent-Type: application/x${i}\r\n\r\n`
            : `POST /api/ada/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/x${i}; a=b${i}\r\nContent-Length: 2\r\n\r\n{}`;
        if (!socket.write(request)) await once(socket, 'drain');
      }
      await done;
      socket.destroy();
    };

    await flood(0, 2_000);
    const before = heapUsed();
    for (let sent = 0; sent < 100_000; sent += 10_000) await flood(sent, 10_000);
    // One validator for each would take 25 GB; the garbage of one request is far below this limit.
    expect(heapUsed() - before).toBeLessThan(8 * 1024 * 1024);
  });
}, 240_000);
