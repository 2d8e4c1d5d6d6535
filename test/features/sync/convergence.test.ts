/**
 * With concurrent writers, killed instances and broken connections, a copy still becomes equal to the database, and
 * event streams have every change once and in order. For a longer run:
 * `SOAK_SECONDS=300 npx jest test/features/sync/convergence.test.ts`.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../../src/platform/database/database';
import { createLogger } from '../../../src/platform/observability/logger';
import { type Service, startService } from '../../../src/start';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { numbers, readEvents, seqsOf } from '../../support/event-reader';
import { copyLane, storedTasks, tasksOf } from '../../support/lane-copy';
import { type LoggedError, wasUnavailable } from '../../support/logged-errors';
import { openDatabase } from '../../support/open-database';
import { type ServiceProcess, startProcess } from '../../support/process';
import { testConfig, testSecret, tokenOf } from '../../support/service';
import { until } from '../../support/until';

const soakMs = Number(process.env.SOAK_SECONDS ?? 6) * 1000;
jest.setTimeout(soakMs * 3 + 240_000);

const writerCount = 20;
/** Events that must have happened during the test. */
const everything = [201, 200, 204, 404, 409, 503, 'cut', 'rolled back', 'terminated', 'killed', 'streams'];
const environment = { RATE_LIMIT: 'off', EVENTS_POLL_MS: '100' };

let testDatabase: TestDatabase;
let steady: Service;
let database: Database;
let victim: ReturnType<typeof startProcess> | undefined;
const started: ServiceProcess[] = [];
/** The addresses of the running instances. */
let urls: string[];
/** The errors that `steady` has logged, the instance that is never killed. */
const errors: LoggedError[] = [];

function startVictim(): Promise<void> {
  const child = startProcess(
    { DATABASE_URL: testDatabase.url, BETTER_AUTH_SECRET: testSecret, JOBS: 'none', ...environment },
    60_000,
  );
  victim = child;
  started.push(child);
  return child.url.then((url) => void urls.push(url));
}

async function killVictim(): Promise<void> {
  urls = [steady.url];
  victim?.child.kill('SIGKILL');
  await victim?.ended;
}

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const config = testConfig({ DATABASE_URL: testDatabase.url, ...environment });
  const log = createLogger({
    level: 'error',
    pretty: false,
    destination: { write: (line) => void errors.push(...[JSON.parse(line).err ?? []].flat()) },
  });
  steady = await startService(config, log);
  database = openDatabase(testDatabase.url, { max: 4 });
  urls = [steady.url];
  await startVictim();
});
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map((each) => each.ended));
  await database.close();
  await steady.stop();
  await testDatabase.drop();
});

const pick = <T>(items: readonly T[]): T => items[randomInt(items.length)] as T;

test('copies converge and streams miss nothing', async () => {
  const userId = randomUUID();
  const token = await tokenOf(userId);
  const ids: string[] = [];
  const statuses = new Map<number | string, number>();
  let writing = true;
  const count = (what: number | string) => statuses.set(what, (statuses.get(what) ?? 0) + 1);

  /** Sends a write to some instance; its connection can break at any moment. */
  async function attempt(method: string, path: string, body?: object): Promise<void> {
    const signal = randomInt(10) === 0 ? AbortSignal.timeout(randomInt(1, 20)) : null;
    try {
      const response = await fetch(`${pick(urls)}/api/${userId}${path}`, {
        method,
        signal,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      await response.arrayBuffer();
      count(response.status);
    } catch {
      count('cut');
    }
  }

  function create(): Promise<void> {
    // Sometimes an id that exists already, which the database rejects.
    const id = ids.length > 0 && randomInt(8) === 0 ? pick(ids) : randomUUID();
    ids.push(id);
    return attempt('POST', '/tasks', { id, title: `Made ${Date.now()}` });
  }

  async function writer(): Promise<void> {
    while (writing) {
      // Leaves time for instances to start.
      await sleep(randomInt(50));
      const id = ids.length === 0 ? randomUUID() : pick(ids);
      await pick([
        create,
        () => attempt('PATCH', `/tasks/${id}`, { title: `Patched ${randomInt(1e9)}` }),
        () => attempt('PATCH', `/tasks/${id}/complete`),
        () => attempt('PUT', `/tasks/${id}`, { title: `Put ${randomInt(1e9)}`, priority: 'high' }),
        () => attempt('DELETE', `/tasks/${id}`),
        () => attempt('PATCH', '/profile', { week_start: pick(['monday', 'sunday', 'saturday']) }),
      ])();
    }
  }

  /** Makes writes that fail just before their commit. */
  async function roller(): Promise<void> {
    while (writing) {
      const work = database.withUser(userId).write(async (lane) => {
        const id = randomUUID();
        await lane.insert('tasks', { id, title: 'Rolled back' });
        lane.changed({ type: 'task', id, action: 'created', fields: {} });
        throw new Error('rolled back');
      });
      await work.catch(() => count('rolled back'));
      await sleep(5);
    }
  }

  async function terminator(): Promise<void> {
    while (writing) {
      await sleep(randomInt(100, 400));
      const rows = await query(
        testDatabase.url,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'tasklane' order by random() limit 2`,
      );
      for (const _row of rows) count('terminated');
    }
  }

  async function killer(): Promise<void> {
    while (writing) {
      await sleep(randomInt(500, 1500));
      await killVictim();
      count('killed');
      await startVictim();
    }
  }

  const copy = copyLane(() => pick(urls), userId, token);

  /** Keeps a copy up to date. If a connection breaks, it sends the request again. */
  async function syncer(): Promise<void> {
    while (writing) {
      const before = copy.token;
      try {
        await copy.pull(randomInt(1, 30));
        // As if the response had been lost: a page can be applied twice.
        if (before !== undefined && randomInt(5) === 0) copy.token = before;
      } catch {
        count('sync again');
      }
    }
  }

  /** Follows the lane over any number of connections; resolves to the change sequence numbers that arrived. */
  async function follower(reached: () => number | undefined): Promise<number[]> {
    const seqs: number[] = [];
    let lastEventId: string | undefined = `0-00000000-0000-0000-0000-000000000000`;
    for (;;) {
      try {
        const reader = await readEvents(`${pick(urls)}/api/${userId}/events`, { token, lastEventId });
        const until = Date.now() + randomInt(50, 800);
        const isOver = () => seqs.length + reader.events.length >= (reached() ?? Number.POSITIVE_INFINITY);
        const left = new AbortController();
        const over = reader.ended.then(() => left.abort());
        while (!left.signal.aborted && !isOver() && (reached() !== undefined || Date.now() < until))
          await sleep(5);
        reader.close();
        await over;
        expect(reader.events.filter((each) => each.event === 'reset' || each.event === 'erased')).toEqual([]);
        seqs.push(...seqsOf(reader));
        lastEventId = reader.lastId() ?? lastEventId;
        count('streams');
      } catch (error) {
        // A failed `expect` is not a broken connection.
        if ((error as object).constructor.name === 'JestAssertionError') throw error;
        count('stream again');
        await sleep(20);
      }
      if (seqs.length >= (reached() ?? Number.POSITIVE_INFINITY)) return seqs;
    }
  }

  let last: number | undefined;
  const followers = Promise.all(numbers(1, 3).map(() => follower(() => last)));
  const work = Promise.all([
    ...numbers(1, writerCount).map(writer),
    roller(),
    terminator(),
    killer(),
    syncer(),
  ]);
  try {
    const enough = performance.now() + soakMs;
    const missing = () => everything.filter((each) => !statuses.has(each));
    const isRough = () => performance.now() > enough && missing().length === 0;
    const rough = until(isRough, soakMs + 120_000).catch(() => expect(missing()).toEqual([]));
    await Promise.race([work, rough]);
  } finally {
    writing = false;
  }
  await work.catch((error) => {
    // Writing has ended, so that nothing more can come.
    last = 0;
    throw error;
  });

  const [{ seq }] = (await query<{ seq: number }>(
    testDatabase.url,
    'select change_seq::int as seq from tasklane.profiles where lane_id = lane_of($1)',
    [userId],
  )) as [{ seq: number }];
  last = seq;
  // A connection that was terminated while idle fails at its next use.
  await until(async () =>
    copy.catchUp().then(
      () => true,
      () => false,
    ),
  );
  expect(tasksOf(copy.entities())).toEqual(await storedTasks(testDatabase.url, userId));
  const fresh = copyLane(steady.url, userId, token);
  await fresh.catchUp();
  expect(copy.entities()).toEqual(fresh.entities());
  for (const seqs of await followers) expect(seqs).toEqual(numbers(1, seq));

  // The service had no internal error.
  expect({ status: statuses.get(500), errors: errors.filter((each) => !wasUnavailable(each)) }).toEqual({
    status: undefined,
    errors: [],
  });
  if (process.env.SOAK_SECONDS) {
    process.stdout.write(
      `${seq} changes; ${[...statuses].map(([what, times]) => `${what}: ${times}`).join(', ')}\n`,
    );
  }
});
