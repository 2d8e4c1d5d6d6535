/** Clients that use a lane: how they are recorded, and how a user cuts them off, at every instance. */
import { createLogger } from '../../../src/platform/observability/logger';
import { type Service, startService } from '../../../src/start';
import { type ApiResponse, type Body, type RequestOptions, send } from '../../support/api';
import { seedClient, tokenOfClient } from '../../support/clients';
import { query } from '../../support/database';
import { connectMcp } from '../../support/mcp';
import { testConfig, tokenOf, useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
/** Another instance of the service, with the same database. */
let other: Service;
let ada: TestUser;
let clientId: string;
let clients = 0;

beforeAll(async () => {
  const config = testConfig({
    DATABASE_URL: service.database.url,
    RATE_LIMIT: 'off',
    PUBLIC_URL: service.url,
  });
  other = await startService(config, createLogger({ level: 'silent', pretty: false }));
  await other.ready;
});
afterAll(() => other.stop());

beforeEach(async () => {
  ada = await makeUser(service.url);
  clientId = `https://agent.example.com/${++clients}.json`;
  await ada.send('POST', '/tasks', { body: { title: 'Of the user' } });
});

/** A request of the client to the API. */
const asClient = async (method: string, path: string, options: RequestOptions = {}): Promise<ApiResponse> =>
  send(service.url, method, `/api/${ada.id}${path}`, {
    token: await tokenOfClient(ada.id, clientId),
    ...options,
  });

const listed = async (): Promise<Body[]> => (await ada.send('GET', '/clients')).body.items;

/** Sends a message to `/mcp` of an instance. */
async function toMcp(
  url: string,
  method: string,
  params: object = {},
  id = clientId,
): Promise<{ status: number; body: string }> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      Authorization: `Bearer ${await tokenOfClient(ada.id, id, { url: service.url })}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return { status: response.status, body: await response.text() };
}

const tool = (name: string, args: object = {}) => ['tools/call', { name, arguments: args }] as const;
const adds = tool('add_tasks', { tasks: [{ title: 'Of the client' }] });

async function cutOff(): Promise<string> {
  const { id } = (await listed()).find((each) => each.client_id === clientId);
  expect((await ada.send('PUT', `/clients/${id}/cut-off`)).status).toBe(200);
  return id;
}

async function titles(): Promise<string[]> {
  const { items } = (await ada.send('GET', '/tasks')).body;
  return items.map((each: Body) => each.title);
}

describe('a client', () => {
  test('is listed after its first request, with its scopes and what it calls itself', async () => {
    expect(await listed()).toEqual([]);
    expect((await asClient('GET', '/tasks')).status).toBe(200);
    const agent = await connectMcp(
      service.url,
      await tokenOfClient(ada.id, 'agent', { url: service.url, scope: 'tasklane:read' }),
    );
    await agent.client.listTools();
    await agent.close();
    expect(await listed()).toMatchObject([
      { client_id: 'agent', name: 'tests', scopes: ['tasklane:read'], cut_off_at: null },
      { client_id: clientId, name: null, scopes: ['tasklane:read', 'tasklane:write'], cut_off_at: null },
    ]);
  });

  test('is listed if its first request makes the lane', async () => {
    const eve = await makeUser(service.url);
    const token = await tokenOfClient(eve.id, clientId);
    await send(service.url, 'GET', `/api/${eve.id}/tasks`, { token });
    expect((await eve.send('GET', '/clients')).body.items).toEqual([]);
    await send(service.url, 'POST', `/api/${eve.id}/tasks`, { token, body: { title: 'First' } });
    expect((await eve.send('GET', '/clients')).body.items).toMatchObject([{ client_id: clientId }]);
  });

  test('has its last use recorded at most once per hour', async () => {
    await seedClient(service.database.url, ada.id, { clientId, usedHoursAgo: 2 });
    const [before] = await listed();
    await asClient('GET', '/tasks');
    const [recorded] = await listed();
    expect(recorded).toEqual({ ...before, last_used_at: recorded.last_used_at, scopes: recorded.scopes });
    expect(recorded.last_used_at > before.last_used_at).toBe(true);
    await asClient('POST', '/tasks', { body: { title: 'One' } });
    await asClient('GET', '/tasks');
    expect(await listed()).toEqual([recorded]);
  });

  test('that names itself strangely is listed with at most 200 characters of text', async () => {
    await toMcp(service.url, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: `a\u0000\nb${'🂡'.repeat(300)}`, version: '1' },
    });
    const [{ name }] = await listed();
    expect(name).toBe(`a b${'🂡'.repeat(197)}`);
  });

  test('is forgotten if 200 others were used later, unless it is cut off', async () => {
    const lane = service.database.url;
    const kept = await seedClient(lane, ada.id, { clientId: 'cut-off', usedHoursAgo: 500 });
    await ada.send('PUT', `/clients/${kept}/cut-off`);
    for (let count = 0; count < 200; count++) {
      await seedClient(lane, ada.id, { clientId: `client-${count}`, usedHoursAgo: 100 + count });
    }
    await asClient('GET', '/tasks');
    const [{ number }] = (await query<{ number: number }>(
      lane,
      'select count(*)::int as number from tasklane.clients where lane_id = lane_of($1)',
      [ada.id],
    )) as [{ number: number }];
    expect(number).toBe(201);
    const known = (await ada.send('GET', '/clients?limit=200')).body.items.map(
      (each: Body) => each.client_id,
    );
    expect(known[0]).toBe(clientId);
    expect(known).toContain('client-198');
    expect(known).not.toContain('client-199');
  });

  test('leaves with the lane, and is in its export', async () => {
    await asClient('GET', '/tasks');
    expect((await ada.send('GET', '/export')).body.clients).toEqual(await listed());
    await ada.send('DELETE', `?confirm=${ada.id}`);
    const rows = await query(service.database.url, 'select from tasklane.clients where client_id = $1', [
      clientId,
    ]);
    expect(rows).toEqual([]);
  });
});

describe('a client that is cut off', () => {
  test('gets 403 from /mcp of every instance, and changes nothing', async () => {
    expect((await toMcp(service.url, ...adds)).status).toBe(200);
    expect((await toMcp(other.url, ...adds)).status).toBe(200);
    await cutOff();
    const before = await titles();
    const requests = [
      adds,
      tool('find_tasks'),
      tool('add_tasks', { tasks: 'nothing' }),
      ['tools/list'],
      ['prompts/list'],
      ['resources/read', { uri: 'tasklane://today' }],
    ] as [string, object?][];
    for (const url of [service.url, other.url]) {
      for (const request of requests) {
        const { status, body } = await toMcp(url, ...request);
        expect([request[0], status]).toEqual([request[0], 403]);
        expect(JSON.parse(body)).toMatchObject({ code: 'client-cut-off' });
      }
    }
    expect(await titles()).toEqual(before);
    expect((await toMcp(service.url, ...adds, 'another client')).status).toBe(200);
  });

  test('gets 403 from the API', async () => {
    const { body: task } = await asClient('POST', '/tasks', { body: { title: 'Of the client' } });
    const before = await titles();
    await cutOff();
    const body = { title: 'Of the client again' };
    const requests: [string, string, RequestOptions?][] = [
      ['GET', '/tasks'],
      ['GET', `/tasks/${task.id}`],
      ['GET', '/clients'],
      ['GET', '/export'],
      ['GET', '/events'],
      ['GET', '/sync'],
      ['POST', '/tasks', { body }],
      ['POST', '/tasks', { body, headers: { 'Idempotency-Key': 'a-key' } }],
      ['PATCH', `/tasks/${task.id}`, { body }],
      ['PATCH', `/tasks/${task.id}`, { body, headers: { 'If-Match': '*' } }],
      ['POST', '/tasks/quick', { body: { text: 'Dry', dry_run: true } }],
      ['DELETE', `?confirm=${ada.id}`],
    ];
    for (const [method, path, options] of requests) {
      const response = await asClient(method, path, options);
      expect([method, path, response.status]).toEqual([method, path, 403]);
      expect(response.body.code).toBe('client-cut-off');
    }
    expect(await titles()).toEqual(before);
    const eve = await makeUser(service.url);
    const token = await tokenOfClient(eve.id, clientId);
    expect((await send(service.url, 'GET', `/api/${eve.id}/tasks`, { token })).status).toBe(200);
  });

  test('is refused in a commit that it shares with the user', async () => {
    await asClient('GET', '/tasks');
    await cutOff();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0
          ? ada.send('POST', '/tasks', { body: { title: `User ${index}` } })
          : asClient('POST', '/tasks', { body: { title: `Client ${index}` } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, index) => (index % 2 ? 403 : 201)));
    expect((await titles()).filter((title) => title.startsWith('Client'))).toEqual([]);
  });

  test('is readmitted', async () => {
    await asClient('GET', '/tasks');
    const id = await cutOff();
    expect((await asClient('GET', '/tasks')).status).toBe(403);
    await ada.send('DELETE', `/clients/${id}/cut-off`);
    expect((await asClient('GET', '/tasks')).status).toBe(200);
    expect((await toMcp(other.url, ...adds)).status).toBe(200);
    const { items } = (await ada.send('GET', '/activity?type=client')).body;
    expect(items).toMatchObject([
      { entity_id: id, action: 'updated', fields: { cut_off_at: { to: null } } },
      { entity_id: id, action: 'updated', fields: { cut_off_at: { from: null } } },
    ]);
  });

  test('has its event streams ended, and the user has not', async () => {
    const open = async (token: string) => {
      const response = await fetch(`${service.url}/api/${ada.id}/events`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      return (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    };
    const ofClient = await open(await tokenOfClient(ada.id, clientId));
    const ofUser = await open(await tokenOf(ada.id));
    const readUntil = async (reader: ReadableStreamDefaultReader<string>, end: RegExp): Promise<string> => {
      let text = '';
      while (!end.test(text)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`The stream ended: ${text}`);
        text += value;
      }
      return text;
    };
    await cutOff();
    const text = await readUntil(ofClient, /event: reconnect\ndata: .*\n/);
    expect(text).toContain('{"reason":"cut-off"}');
    expect(text).not.toContain('event: change');
    expect(await readUntil(ofUser, /event: change\ndata: .*\n/)).toContain('"type":"client"');
    await Promise.all([ofClient.cancel(), ofUser.cancel()]);
  });
});

test.each(['PUT', 'DELETE'])('a client cannot %s the cut-off of itself or of others', async (method) => {
  await asClient('GET', '/tasks');
  const [{ id }] = await listed();
  const response = await asClient(method, `/clients/${id}/cut-off`);
  expect(response.status).toBe(403);
  expect(response.body.code).toBe('user-required');
});
