/** Counts what an instance asks of the database while nobody uses it. The test controls the clock of the jobs. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { parseConfig } from '../../../src/config';
import { createEgressPolicy } from '../../../src/features/webhooks/egress-policy';
import { createJobs } from '../../../src/jobs';
import type { Database } from '../../../src/platform/database/database';
import { createActivity } from '../../../src/platform/jobs/activity';
import { createJobRunner, type JobRunner } from '../../../src/platform/jobs/runner';
import { createSchedule, type JobClock } from '../../../src/platform/jobs/schedule';
import { watchDatabase } from '../../../src/platform/service/readiness';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { testSecret } from '../../support/service';
import { seedTasks } from '../../support/tasks';
import { until } from '../../support/until';

const second = 1_000;
const minute = 60 * second;

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

let testDatabase: TestDatabase;
let database: Database;
let runner: JobRunner | undefined;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
});
afterEach(async () => {
  await runner?.stop();
  await database.close();
  await testDatabase.drop();
});

/** All jobs of the service on a controlled clock; `asked` has the times at which they opened transactions. */
function startJobs() {
  const config = parseConfig({ BETTER_AUTH_SECRET: testSecret, DATABASE_URL: testDatabase.url });
  database = openDatabase(testDatabase.url, { max: 4 });
  const jobs = createJobs(config, createEgressPolicy([]));
  const { clock, advance } = controlledClock(() => jobs.length);
  const asked: number[] = [];
  const counted = <T extends object>(doors: T): T =>
    new Proxy(doors, {
      get(target, name, receiver) {
        asked.push(clock.now());
        return Reflect.get(target, name, receiver);
      },
    });
  const activity = createActivity(clock.now);
  runner = createJobRunner(
    jobs,
    {
      withSystem: counted(database.withSystem),
      laneForJob: (userId) => counted(database.laneForJob(userId)),
      log: pino({ level: 'silent' }),
    },
    createSchedule(activity, config.jobsIdleMs, clock),
  );
  runner.start();
  const findProblem = watchDatabase({
    findProblem() {
      asked.push(clock.now());
      return database.findProblem();
    },
    // These times are of another clock.
    lastSeen: () => ({ goodAt: Number.NEGATIVE_INFINITY, badAt: Number.NEGATIVE_INFINITY }),
    activity,
    idleMs: config.jobsIdleMs,
    now: clock.now,
  });
  return { asked, advance, activity, findProblem };
}

/** The different times among `times`, in order. */
const moments = (times: readonly number[]) => [...new Set(times)].sort((one, other) => one - other);
const gaps = (times: readonly number[]) => times.slice(1).map((time, index) => time - (times[index] ?? 0));

describe('an instance without users', () => {
  test('opens transactions at most every 30 seconds', async () => {
    const { asked, advance } = startJobs();
    await advance(2 * minute);
    asked.length = 0;
    await advance(30 * minute);
    const looks = moments(asked);
    expect(looks.length).toBeGreaterThan(50);
    expect(Math.min(...gaps(looks))).toBeGreaterThan(30 * second - 1);
  });

  test('answers probes of the readiness from memory for 30 seconds', async () => {
    const { asked, advance, findProblem } = startJobs();
    await advance(2 * minute);
    expect(await findProblem()).toBeNull();
    asked.length = 0;
    const probe = async () => {
      await advance(5 * second);
      const before = asked.length;
      expect(await findProblem()).toBeNull();
      return asked.length - before;
    };
    const looks: number[] = [];
    for (let count = 0; count < 12; count++) looks.push(await probe());
    expect(looks).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  });

  test('runs the job of reminders when a reminder is due', async () => {
    const { asked, advance } = startJobs();
    const userId = randomUUID();
    const id = randomUUID();
    await seedTasks(testDatabase.url, userId, [{ id, title: 'One' }]);
    await advance(2 * minute);
    await query(
      testDatabase.url,
      `insert into tasklane.reminders (lane_id, task_id, identity, fire_at)
        values (lane_of($1), $2, 'any', now() + interval '25 s')`,
      [userId, id],
    );
    await advance(30 * second);
    asked.length = 0;
    await advance(minute);
    // Only the jobs' clock moves. For the database, the reminder is still 25 seconds away at each look.
    expect(Math.min(...gaps(moments(asked)))).toBeLessThan(25.1 * second);
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
