import type { DatabaseProblem } from '../../../src/platform/database/database';
import { findWarnings, recordReadiness, watchDatabase } from '../../../src/platform/service/readiness';

describe('the watch on the database', () => {
  let [time, idle, asked] = [0, false, 0];
  let seen = { goodAt: Number.NEGATIVE_INFINITY, badAt: Number.NEGATIVE_INFINITY };
  let problem: DatabaseProblem | null = null;
  let find: () => Promise<DatabaseProblem | null>;
  beforeEach(() => {
    [time, idle, asked] = [0, false, 0];
    seen = { goodAt: Number.NEGATIVE_INFINITY, badAt: Number.NEGATIVE_INFINITY };
    problem = null;
    find = watchDatabase({
      async findProblem() {
        asked++;
        return problem;
      },
      lastSeen: () => seen,
      activity: { isIdle: () => idle },
      idleMs: 30_000,
      now: () => time,
    });
  });

  test('asks every 30 seconds while requests succeed', async () => {
    for (time = 0; time <= 60_000; time += 500) {
      seen = { ...seen, goodAt: time };
      expect(await find()).toBeNull();
    }
    expect(asked).toBe(3);
  });

  test('asks at once after an error, until the database answers again', async () => {
    await find();
    time = 1_000;
    seen = { goodAt: 1_000, badAt: 999 };
    problem = { reason: 'database', detail: 'The database is unavailable.' };
    expect(await find()).toBe(problem);
    expect(await find()).toBe(problem);
    problem = null;
    expect(await find()).toBeNull();
    seen = { ...seen, goodAt: 1_001 };
    time = 1_001;
    expect(await find()).toBeNull();
    expect(asked).toBe(4);
  });

  test('asks at each probe if the service is in use and no request succeeded in the last second', async () => {
    await find();
    seen = { ...seen, goodAt: 500 };
    time = 1_600;
    await find();
    expect(asked).toBe(2);
  });

  test('asks an idle instance every 30 seconds, and at once after an error', async () => {
    idle = true;
    for (time = 0; time <= 60_000; time += 1_000) await find();
    expect(asked).toBe(3);
    seen = { ...seen, badAt: 61_000 };
    time = 61_001;
    await find();
    expect(asked).toBe(4);
  });

  test('asks once for probes at the same time', async () => {
    await Promise.all([find(), find(), find()]);
    expect(asked).toBe(1);
  });
});

test('the record logs each change, and knows the last result', () => {
  const lines: unknown[] = [];
  const write = (...line: unknown[]) => void lines.push(line);
  const record = recordReadiness({ info: write, warn: write });
  const away: DatabaseProblem = { reason: 'database', detail: 'It is away.' };
  for (const problem of [null, away, away, { ...away, detail: 'It is read-only.' }]) record.note(problem);
  expect(record.isGood()).toBe(false);
  record.note(null);
  expect(record.isGood()).toBe(true);
  expect(lines).toEqual([
    [{ problem: 'It is away.' }, 'not ready'],
    [{ problem: 'It is read-only.' }, 'not ready'],
    ['ready again'],
  ]);
});

test('warnings name what limits the service', () => {
  const keySet = { ageMs: null, isUsable: false };
  const reasons = (limits: Parameters<typeof findWarnings>[0]) =>
    findWarnings(limits).map(({ reason }) => reason);
  const replica = { problem: null, lagSeconds: 0 };
  expect(reasons({ keySet: null, isRedisUp: null, isShedding: false, replica: null })).toEqual([]);
  expect(
    reasons({ keySet: { ageMs: 5, isUsable: true }, isRedisUp: true, isShedding: false, replica }),
  ).toEqual([]);
  expect(
    reasons({
      keySet,
      isRedisUp: false,
      isShedding: true,
      replica: { problem: 'nothing answers', lagSeconds: 0 },
    }),
  ).toEqual(['key-set', 'redis', 'replica', 'shedding']);
});
