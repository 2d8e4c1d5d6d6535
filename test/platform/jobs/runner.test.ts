/** Tests the job runner: one round at a time, repeated while there is more, and continued after errors. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import type { Database } from '../../../src/platform/database/database';
import type { Job, JobContext } from '../../../src/platform/jobs/job';
import { createJobRunner, type JobRunner, pauseAfter } from '../../../src/platform/jobs/runner';
import type { Schedule } from '../../../src/platform/jobs/schedule';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { seedTasks } from '../../support/tasks';
import { until } from '../../support/until';

let testDatabase: TestDatabase;
const opened: Database[] = [];
const runners: JobRunner[] = [];
let logged: Record<string, unknown>[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
beforeEach(() => {
  logged = [];
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map((each) => each.stop()));
  await Promise.all(opened.splice(0).map((each) => each.close()));
});
afterAll(() => testDatabase.drop());

function open(url = testDatabase.url): Database {
  const made = openDatabase(url, { max: 4, acquireTimeoutMs: 2_000 });
  opened.push(made);
  return made;
}

function runnerOf(jobs: readonly Job[], database: Database = open()): JobRunner {
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const { withSystem, laneForJob } = database;
  const runner = createJobRunner(jobs, { withSystem, laneForJob, log });
  runners.push(runner);
  return runner;
}

/** A promise that the test resolves. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

const done = { more: false };

describe('run', () => {
  test('runs a job until it has no more to do, also in a runner that is not started', async () => {
    let left = 3;
    const runner = runnerOf([{ name: 'count', everyMs: 1000, run: async () => ({ more: --left > 0 }) }]);
    await runner.run('count');
    expect(left).toBe(0);
  });

  test('stops a job that never finishes', async () => {
    let rounds = 0;
    const runner = runnerOf([{ name: 'endless', everyMs: 1000, run: async () => ({ more: ++rounds > 0 }) }]);
    await runner.run('endless');
    expect(rounds).toBe(100);
  });

  test('rejects with the error of the job, and for an unknown job', async () => {
    const run = () => Promise.reject(new Error('the job'));
    const runner = runnerOf([{ name: 'failing', everyMs: 1000, run }]);
    await expect(runner.run('failing')).rejects.toThrow('the job');
    await expect(runner.run('failing')).rejects.toThrow('the job');
    await expect(runner.run('absent')).rejects.toThrow('There is no job absent.');
    expect(logged).toEqual([]);
  });

  test('does not overlap rounds of one job, but can overlap rounds of two jobs', async () => {
    const [held, other] = [gate(), gate()];
    const events: string[] = [];
    const runner = runnerOf([
      {
        name: 'slow',
        everyMs: 1000,
        async run() {
          events.push('begin');
          await held.passed;
          events.push('end');
          return done;
        },
      },
      {
        name: 'other',
        everyMs: 1000,
        async run() {
          other.open();
          return done;
        },
      },
    ]);
    const both = [runner.run('slow'), runner.run('slow')];
    await runner.run('other');
    await other.passed;
    expect(events).toEqual(['begin']);
    held.open();
    await Promise.all(both);
    expect(events).toEqual(['begin', 'end', 'begin', 'end']);
  });
});

describe('a runner that is started', () => {
  test('repeats a job, and logs errors without stopping', async () => {
    let rounds = 0;
    const runner = runnerOf([
      {
        name: 'flaky',
        everyMs: 1,
        async run() {
          rounds++;
          if (rounds === 2) throw new Error('the job');
          return done;
        },
      },
    ]);
    runner.start();
    await until(() => rounds >= 5);
    expect(logged).toEqual([
      expect.objectContaining({
        level: 50,
        msg: 'job failed',
        job: 'flaky',
        failures: 1,
        err: expect.objectContaining({ message: 'the job' }),
      }),
    ]);
  });

  test('continues soon with a job that has more to do after 100 rounds', async () => {
    let rounds = 0;
    const run = async () => ({ more: ++rounds < 250 });
    const hourly: Job = { name: 'hourly', everyMs: 3_600_000, run };
    const waits: number[] = [];
    const schedule: Schedule = {
      begin: () => async (pauseMs, dueInMs, stopping) => {
        waits.push(pauseMs);
        if (waits.length > 3) await new Promise((resolve) => stopping.addEventListener('abort', resolve));
        expect(dueInMs).toBe(waits.length === 1 || waits.length > 3 ? undefined : 0);
      },
      wake: () => undefined,
    };
    const { withSystem, laneForJob } = open();
    const runner = createJobRunner(
      [hourly],
      { withSystem, laneForJob, log: pino({ level: 'silent' }) },
      schedule,
    );
    runners.push(runner);
    runner.start();
    await until(() => waits.length === 4);
    expect(rounds).toBe(250);
    for (const pause of waits.slice(1, 3)) expect(pause).toBeLessThan(60_000);
    expect(waits[3]).toBeGreaterThan(1_000_000);
  });

  test('logs only a warning while the database is unavailable, and continues when it is back', async () => {
    const away = open(testDatabase.url.replace(/:\d+\//, ':1/'));
    const back = open();
    let found: unknown;
    let rounds = 0;
    const run = async ({ log }: JobContext) => {
      const { withSystem } = ++rounds === 1 ? away : back;
      found = await withSystem.read((system) => system.query('select 1 as n'));
      log.info('found');
      return done;
    };
    runnerOf([{ name: 'looking', everyMs: 1, run }]).start();
    await until(() => found);
    expect(logged).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ level: 40, job: 'looking', msg: 'job failed' }),
        expect.objectContaining({ level: 30, job: 'looking', msg: 'found' }),
      ]),
    );
    expect(logged.filter((line) => line.level === 50)).toEqual([]);
  });

  test('starts only the jobs that it is told to start', async () => {
    const rounds: string[] = [];
    const job = (name: string): Job => ({
      name,
      everyMs: 1,
      async run() {
        rounds.push(name);
        return { more: false };
      },
    });
    const runner = runnerOf([job('named'), job('left-out')]);
    runner.start(['named']);
    await until(() => rounds.length >= 3);
    await runner.stop();
    expect(new Set(rounds)).toEqual(new Set(['named']));
  });

  test('signals running jobs when it stops, waits for them, and starts no others', async () => {
    const held = gate();
    let rounds = 0;
    let told = false;
    const runner = runnerOf([
      {
        name: 'slow',
        everyMs: 1,
        async run({ signal }) {
          rounds++;
          signal.addEventListener('abort', () => {
            told = true;
          });
          await held.passed;
          return { more: true };
        },
      },
    ]);
    runner.start();
    await until(() => rounds === 1);
    let stopped = false;
    const stopping = runner.stop().then(() => {
      stopped = true;
    });
    await until(() => told);
    expect(stopped).toBe(false);
    held.open();
    await stopping;
    expect(rounds).toBe(1);
    expect(logged).toEqual([]);
  });

  test('stops at once while its jobs wait for their next round', async () => {
    const run = () => Promise.reject(new Error('ran'));
    const runner = runnerOf([{ name: 'daily', everyMs: 86_400_000, run }]);
    runner.start();
    await runner.stop();
    expect(logged).toEqual([]);
  });
});

describe('the pause after a round', () => {
  const range = (everyMs: number, failures: number) => {
    const random = jest.spyOn(Math, 'random');
    const [least, most] = [0, 1].map((value) => {
      random.mockReturnValue(value);
      return Math.round(pauseAfter(everyMs, failures));
    });
    random.mockRestore();
    return [least, most];
  };

  test('is about the interval, and doubles with each error up to a minute or the interval', () => {
    expect(range(1_000, 0)).toEqual([800, 1_200]);
    expect(range(1_000, 1)).toEqual([1_600, 2_400]);
    expect(range(1_000, 5)).toEqual([25_600, 38_400]);
    expect(range(1_000, 6)).toEqual([48_000, 72_000]);
    expect(range(1_000, 5_000)).toEqual([48_000, 72_000]);
    expect(range(3_600_000, 3)).toEqual([2_880_000, 4_320_000]);
  });
});

/** A model job: it finds lanes across users, and checks again under each lane's lock. */
function emptyTitles(seen: string[][]): Job {
  return {
    name: 'finish',
    everyMs: 1000,
    async run({ withSystem, laneForJob, signal }) {
      const lanes = await withSystem.read(async (system) => {
        const found = await system
          .rows('profiles')
          .select('lane_id')
          .where('change_seq', 0)
          .orderBy('lane_id')
          .limit(4);
        return [...(await system.lanes(found.map((row) => row.lane_id))).values()];
      });
      seen.push(lanes.map((lane) => lane.userId));
      for (const key of lanes) {
        if (signal.aborted) break;
        await laneForJob(key).write(async (lane) => {
          const rows = await lane
            .rows('tasks')
            .where('status', 'pending')
            .update({ status: 'cancelled' })
            .returning('id');
          for (const { id } of rows) lane.changed({ type: 'task', id, action: 'updated', fields: {} });
        });
      }
      return { more: lanes.length === 4 };
    },
  };
}

test('instances that run a job at once process each lane once, and skip a lane that was erased since they found it', async () => {
  const userIds = Array.from({ length: 10 }, () => randomUUID()).sort();
  for (const userId of userIds) await seedTasks(testDatabase.url, userId, [{ title: 'One' }]);
  const seen: string[][] = [];
  const databases = [open(), open(), open()];
  const erased = userIds[0] as string;
  let gone = false;
  const eraseFirst: Job = {
    ...emptyTitles(seen),
    async run(context) {
      const { withSystem } = context;
      return emptyTitles(seen).run({
        ...context,
        withSystem: {
          ...withSystem,
          async read(work) {
            const found = await withSystem.read(work);
            if (!gone) await databases[0]?.withUser(erased).write(async (lane) => lane.erase());
            gone = true;
            return found;
          },
        },
      });
    },
  };
  const [first, ...others] = databases as [Database, ...Database[]];
  await Promise.all([
    runnerOf([eraseFirst], first).run('finish'),
    ...others.map((each) => runnerOf([emptyTitles(seen)], each).run('finish')),
  ]);
  expect(seen.flat()).toContain(erased);
  const rows = await query(
    testDatabase.url,
    `select user_of(lane_id) as user_id, change_seq::int as changes from tasklane.profiles where user_of(lane_id) = any($1) order by 1`,
    [userIds],
  );
  expect(rows).toEqual(userIds.slice(1).map((user_id) => ({ user_id, changes: 1 })));
});
