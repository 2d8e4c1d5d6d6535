/** A user of a real Better Auth server works with tasks through the SDK. */
import { createTasklaneClient, isProblem, unwrap } from '../../sdk/src/index';
import { parseConfig } from '../../src/config';
import { createLogger } from '../../src/platform/observability/logger';
import { type Service, startService } from '../../src/start';
import { type BetterAuthServer, startBetterAuth } from '../support/better-auth';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let server: BetterAuthServer;
let service: Service;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startBetterAuth({ databaseUrl: database.url });
  const config = parseConfig({ PORT: '0', DATABASE_URL: database.url, BETTER_AUTH_URL: server.url });
  service = await startService(config, createLogger({ level: 'silent', pretty: false }));
});
afterAll(async () => {
  await service.stop();
  await server.stop();
  await database.drop();
});

test('with BETTER_AUTH_URL alone, a new user creates, lists, updates, completes and deletes tasks', async () => {
  const user = await server.signUp();
  const client = createTasklaneClient({ baseUrl: service.url, token: () => server.takeToken(user) });
  const lane = { user_id: user.userId };
  const tasks = '/api/{user_id}/tasks' as const;
  const one = '/api/{user_id}/tasks/{task_id}' as const;

  const titles = ['Buy soil', 'Water the plants', 'Repot the fern'];
  for (const title of titles) await unwrap(client.POST(tasks, { params: { path: lane }, body: { title } }));

  const listed: string[] = [];
  for await (const task of client.all(tasks, {
    params: { path: lane, query: { limit: 2, sort: ['title'] } },
  })) {
    listed.push(task.title);
  }
  expect(listed).toEqual([...titles].sort());

  const { items } = await unwrap(client.GET(tasks, { params: { path: lane } }));
  const path = { ...lane, task_id: items[0]?.id as string };
  const changed = await unwrap(client.PATCH(one, { params: { path }, body: { priority: 'urgent' } }));
  expect(changed).toMatchObject({ priority: 'urgent', version: 2, user_id: user.userId });
  const completed = await unwrap(
    client.PATCH('/api/{user_id}/tasks/{task_id}/complete', { params: { path } }),
  );
  expect(completed).toMatchObject({ completed: true, status: 'completed', version: 3 });

  await unwrap(client.DELETE(one, { params: { path } }));
  const gone = await unwrap(client.GET(one, { params: { path } })).catch((error) => error);
  expect(isProblem(gone, 'task-not-found')).toBe(true);
});

test("another user's lane stays closed", async () => {
  const [ada, grace] = [await server.signUp(), await server.signUp()];
  const client = createTasklaneClient({ baseUrl: service.url, token: await server.takeToken(grace) });
  const { error } = await client.GET('/api/{user_id}/tasks', { params: { path: { user_id: ada.userId } } });
  expect(error?.code).toBe('forbidden');
});
