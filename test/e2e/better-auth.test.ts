/** A user of a real Better Auth server works with tasks through the SDK. */
import { createTasklane, isProblem } from '../../sdk/src/index';
import { parseConfig } from '../../src/config';
import { createLogger } from '../../src/platform/observability/logger';
import { type Service, startService } from '../../src/start';
import { type BetterAuthServer, startBetterAuth } from '../support/better-auth';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { throughPooler } from '../support/pooler';

let database: TestDatabase;
let server: BetterAuthServer;
let service: Service;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startBetterAuth({ databaseUrl: database.url });
  const config = parseConfig(
    throughPooler({ PORT: '0', DATABASE_URL: database.url, BETTER_AUTH_URL: server.url }),
  );
  service = await startService(config, createLogger({ level: 'silent', pretty: false }));
});
afterAll(async () => {
  await service.stop();
  await server.stop();
  await database.drop();
});

test('with BETTER_AUTH_URL alone, a new user creates, lists, updates, completes and deletes tasks', async () => {
  const user = await server.signUp();
  const { tasks } = createTasklane({ baseUrl: service.url, token: () => server.takeToken(user) }).lane();

  const titles = ['Buy soil', 'Water the plants', 'Repot the fern'];
  for (const title of titles) await tasks.create({ title });

  const listed: string[] = [];
  for await (const task of tasks.list({ limit: 2, sort: 'title' })) listed.push(task.title);
  expect(listed).toEqual([...titles].sort());

  const { items } = await tasks.list();
  const id = items[0]?.id as string;
  const changed = await tasks.update(id, { priority: 'urgent' });
  expect(changed).toMatchObject({ priority: 'urgent', version: 2, user_id: user.userId });
  expect(await tasks.complete(id)).toMatchObject({ completed: true, status: 'completed', version: 3 });

  await tasks.delete(id);
  const gone = await tasks.get(id).catch((error) => error);
  expect(isProblem(gone, 'task-not-found')).toBe(true);
});

test("another user's lane stays closed", async () => {
  const [ada, grace] = [await server.signUp(), await server.signUp()];
  const tasklane = createTasklane({ baseUrl: service.url, token: await server.takeToken(grace) });
  const error = await tasklane
    .lane(ada.userId)
    .tasks.list()
    .catch((each) => each);
  expect(isProblem(error, 'forbidden')).toBe(true);
});
