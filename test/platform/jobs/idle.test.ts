/**
 * Counts the statements of an instance while nobody uses it, with pg_stat_statements. The test controls the clock of the jobs and
 * of the health checks.
 */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { parseConfig } from '../../../src/config';
import { createEgressPolicy } from '../../../src/features/webhooks/egress-policy';
import { createJobs } from '../../../src/jobs';
import type { Database } from '../../../src/platform/database/database';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/platform/database/embedded/server';
import { migrateUp } from '../../../src/platform/database/migrations';
import { createActivity } from '../../../src/platform/jobs/activity';
import { createJobRunner, type JobRunner } from '../../../src/platform/jobs/runner';
import { createSchedule, type JobClock } from '../../../src/platform/jobs/schedule';
import { createMetrics } from '../../../src/platform/observability/metrics/metrics';
import { watchDatabase } from '../../../src/platform/service/readiness';
import { query } from '../../support/database';
import { laneFunctions } from '../../support/lane-functions';
import { openDatabase } from '../../support/open-database';
import { makeDataDir, removeDataDir } from '../../support/process';
import { testSecret } from '../../support/service';
import { seedTasks } from '../../support/tasks';
import { until } from '../../support/until';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** A clock that stands still while a job works. When all jobs sleep, it jumps to the next time at which one wakes. */
function controlledClock(sleeperCount: () => number) {
  let time = 0;
  const sleepers = new Set<{ until: number; wake: () => void }>();
  const clock: JobClock = {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          until: time + ms,
          wake() {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', sleeper.wake);
      }),
  };
  const allSleep = () => until(() => sleepers.size === sleeperCount());
  return {
    clock,
    async advance(ms: number): Promise<void> {
      const end = time + ms;
      for (;;) {
        await allSleep();
        const next = Math.min(...[...sleepers].map((each) => each.until));
        if (next > end) break;
        time = Math.max(time, next);
        for (const each of [...sleepers]) if (each.until <= time) each.wake();
      }
      time = end;
    },
  };
}

let dataDir: string;
let postgres: EmbeddedPostgres;
let database: Database;
let runner: JobRunner | undefined;

/** Another database of the server, so that the test's own statements do not count. */
const outside = () => postgres.url.replace(/\/tasklane\?/, '/postgres?');

beforeAll(async () => {
  dataDir = await makeDataDir();
  postgres = await startEmbeddedPostgres({
    dataDir,
    settings: { shared_preload_libraries: 'pg_stat_statements' },
  });
  await migrateUp(postgres.url);
  await query(postgres.url, laneFunctions);
  await query(outside(), 'create extension pg_stat_statements');
});
afterEach(async () => {
  await runner?.stop();
  await database.close();
});
afterAll(async () => {
  await postgres.stop();
  await removeDataDir(dataDir);
});

const forgetStatements = () => query(outside(), 'select pg_stat_statements_reset()');

/** The number of statements since `forgetStatements`. */
async function countStatements(): Promise<number> {
  const [row] = await query<{ calls: number }>(
    outside(),
    // Not every COMMIT is counted, so each BEGIN counts twice.
    `select coalesce(sum(case when query ~* '^begin' then 2 when query ~* '^commit' then 0 else 1 end * calls), 0)::int
       as calls
     from pg_stat_statements where dbid = (select oid from pg_database where datname = 'tasklane')`,
  );
  return row?.calls ?? 0;
}

/** All jobs of an instance with metrics on a controlled clock; `asked` has the times at which they opened transactions. */
function startJobs() {
  const config = parseConfig({ BETTER_AUTH_SECRET: testSecret, DATABASE_URL: postgres.url });
  database = openDatabase(postgres.url);
  const { clock, advance } = controlledClock(() => jobs.length);
  const activity = createActivity(clock.now);
  const schedule = createSchedule(activity, config.jobsIdleMs, clock);
  const jobs = createJobs(config, createEgressPolicy([]), {
    metrics: createMetrics({} as never),
    tracing: undefined,
    isIdle: activity.isIdle,
    backlogMeasured() {},
  });
  const asked: number[] = [];
  const counted =
    <A extends unknown[], R>(open: (...args: A) => R) =>
    (...args: A): R => {
      asked.push(clock.now());
      return open(...args);
    };
  runner = createJobRunner(
    jobs,
    {
      withSystem: {
        read: counted(database.withSystem.read),
        write: counted(database.withSystem.write),
      } as never,
      laneForJob: counted(database.laneForJob),
      log: pino({ level: 'silent' }),
    },
    schedule,
  );
  runner.start();
  const findProblem = watchDatabase({
    findProblem: counted(database.findProblem),
    // These times are of another clock.
    lastSeen: () => ({ goodAt: Number.NEGATIVE_INFINITY, badAt: Number.NEGATIVE_INFINITY }),
    activity,
    idleMs: config.jobsIdleMs,
    now: clock.now,
  });
  return { asked, advance, activity, schedule, findProblem };
}

/** The different times among `times`, in order. */
const moments = (times: readonly number[]) => [...new Set(times)].sort((one, other) => one - other);
const gaps = (times: readonly number[]) => times.slice(1).map((time, index) => time - (times[index] ?? 0));

describe('an instance without users', () => {
  test('sends fewer than two statements a minute, with metrics and probes of the readiness', async () => {
    const { advance, findProblem } = startJobs();
    await advance(5 * minute);
    await forgetStatements();
    for (let count = 0; count < 6 * 60; count++) {
      await advance(minute);
      expect(await findProblem()).toBeNull();
    }
    const calls = await countStatements();
    expect(calls).toBeGreaterThan(6 * 10);
    expect(calls).toBeLessThan(2 * 6 * 60);
  });

  test('lets Neon suspend the database for an hour at a time', async () => {
    await query(postgres.url, `alter database tasklane set neon.timeline_id = 'a timeline'`);
    // A recent record would be kept.
    await query(postgres.url, 'update tasklane.installation set seen_at = null');
    try {
      const { asked, advance, findProblem } = startJobs();
      await advance(2 * hour);
      await findProblem();
      asked.length = 0;
      await forgetStatements();
      for (let count = 0; count < 6 * 60; count++) {
        await advance(minute);
        expect(await findProblem()).toBeNull();
      }
      // The looks of the jobs, and those of the health checks.
      expect(moments(asked).length).toBeLessThanOrEqual(2 * 6);
      expect(await countStatements()).toBeLessThan(6 * 60);
    } finally {
      await query(postgres.url, 'alter database tasklane reset neon.timeline_id');
    }
  });

  test('runs the job of reminders when a reminder is due', async () => {
    const { asked, advance } = startJobs();
    const userId = randomUUID();
    const id = randomUUID();
    await seedTasks(postgres.url, userId, [{ id, title: 'One' }]);
    await advance(2 * minute);
    await query(
      postgres.url,
      `insert into tasklane.reminders (lane_id, task_id, identity, fire_at)
        values (lane_of($1), $2, 'any', now() + interval '25 s')`,
      [userId, id],
    );
    await advance(hour);
    asked.length = 0;
    await advance(minute);
    // Only the jobs' clock moves. For the database, the reminder is still 25 seconds away at each look.
    expect(moments(asked).length).toBeGreaterThan(1);
    expect(Math.min(...gaps(moments(asked)))).toBeLessThan(25.1 * second);
    await query(postgres.url, 'delete from tasklane.reminders');
  });

  test('lets all jobs run once more when a job or another instance has written', async () => {
    const { asked, advance, schedule } = startJobs();
    await advance(5 * minute);
    asked.length = 0;
    schedule.wake();
    await advance(second);
    // The jobs of reminders, overdue tasks and webhooks share a transaction.
    expect(moments(asked).length).toBeGreaterThan(0);
    await advance(2 * minute);
    asked.length = 0;
    await advance(3 * minute);
    expect(moments(asked).length).toBeLessThanOrEqual(1);
  });

  test('looks as often as before when a user comes back', async () => {
    const { asked, advance, activity } = startJobs();
    await advance(5 * minute);
    asked.length = 0;
    activity.note();
    await advance(30 * second);
    // The job of webhooks runs every second, the job of reminders every five seconds.
    expect(moments(asked).length).toBeGreaterThan(20);
  });
});
