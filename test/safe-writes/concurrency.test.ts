/** Tests entity tags with concurrent clients, and with entities that are created again. */
import { randomUUID } from 'node:crypto';
import { type ApiResponse, send } from '../support/api';
import { startTestService, type TestService } from '../support/service';
import { makeUser, type TestUser } from '../support/user';

let services: TestService[];
let ada: TestUser;

beforeAll(async () => {
  const first = await startTestService({ RATE_LIMIT: 'off' });
  services = [first, await startTestService({ RATE_LIMIT: 'off', DATABASE_URL: first.database.url })];
  ada = await makeUser(first.url);
});
afterAll(async () => {
  for (const service of services.toReversed()) await service.stop();
});

test('20 clients that read and write one task lose no update', async () => {
  const increments = 5;
  const clients = 20;
  const { body: task } = await ada.send('POST', '/tasks', { body: { title: 'Counter', description: '0' } });
  const path = `${ada.lane}/tasks/${task.id}`;

  let failed = 0;
  async function client(n: number): Promise<void> {
    const { url } = services[n % services.length] as TestService;
    const request = (method: string, options: object = {}): Promise<ApiResponse> =>
      send(url, method, path, { token: ada.token, ...options });
    for (let done = 0; done < increments; done++) {
      let { body: current, headers } = await request('GET');
      for (;;) {
        const written = await request('PATCH', {
          headers: { 'If-Match': headers.etag },
          body: { description: String(Number(current.description) + 1) },
        });
        if (written.status === 200) break;
        expect(written).toMatchObject({ status: 412, body: { code: 'precondition-failed' } });
        failed += 1;
        ({ current } = written.body);
        ({ headers } = written);
      }
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, n) => client(n)));

  const { body } = await ada.send('GET', `/tasks/${task.id}`);
  expect(body).toMatchObject({
    description: String(clients * increments),
    version: 1 + clients * increments,
  });
  expect(failed).toBeGreaterThan(0);
});

describe('an entity tag', () => {
  const etagOf = async (response: Promise<ApiResponse>) => (await response).headers.etag as string;

  test('changes exactly with every version', async () => {
    const { body, headers } = await ada.send('POST', '/tasks', { body: { title: 'A task' } });
    const path = `/tasks/${body.id}`;
    expect(await etagOf(ada.send('GET', path))).toBe(headers.etag);
    expect(await etagOf(ada.send('PATCH', path, { body: { title: 'A task' } }))).toBe(headers.etag);
    const seen = [headers.etag];
    for (const title of ['B', 'A task', 'B']) {
      seen.push(await etagOf(ada.send('PATCH', path, { body: { title } })));
    }
    expect(new Set(seen).size).toBe(4);
  });

  test('differs for a task that was created again with the same id', async () => {
    const id = randomUUID();
    const make = () => ada.send('POST', '/tasks', { body: { id, title: 'A task' } });
    const stale = await etagOf(make());
    await ada.send('DELETE', `/tasks/${id}`);
    await ada.send('DELETE', `/trash/${id}`);
    expect((await make()).body.version).toBe(1);
    const headers = { 'If-Match': stale };
    const response = await ada.send('PATCH', `/tasks/${id}`, { headers, body: { title: 'Lost' } });
    expect(response).toMatchObject({ status: 412, body: { current: { title: 'A task', version: 1 } } });
  });

  test('stays the same when a first write creates the lane but does not change the profile', async () => {
    const bob = await makeUser(services[0]?.url as string);
    const before = await etagOf(bob.send('GET', '/profile'));
    await bob.send('POST', '/tasks', { body: { title: 'Makes the lane' } });
    expect(await etagOf(bob.send('GET', '/profile'))).toBe(before);
    const options = { headers: { 'If-Match': before }, body: { week_start: 'sunday' } };
    expect((await bob.send('PATCH', '/profile', options)).status).toBe(200);
    expect((await bob.send('PATCH', '/profile', options)).status).toBe(412);
  });

  test('that does not match creates no lane', async () => {
    const bob = await makeUser(services[0]?.url as string);
    const options = { headers: { 'If-Match': '"7-7"' }, body: { week_start: 'sunday' } };
    expect((await bob.send('PATCH', '/profile', options)).status).toBe(412);
    expect((await bob.send('GET', '/profile')).body.version).toBe(1);
  });
});
