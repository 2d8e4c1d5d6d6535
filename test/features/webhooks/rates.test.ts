/** Tests the rates of sending. */
import { createRateLimit, createTraffic } from '../../../src/features/webhooks/rates';

let now: number;
beforeEach(() => {
  now = 1_000;
});
const clock = () => now;

test('a burst is sent at once, and then only the rate', () => {
  const pace = createRateLimit({ perSecond: 4, burst: 8 }, clock);
  expect(pace.take('a', 6)).toEqual({ granted: 6, waitMs: 0 });
  expect(pace.take('a', 6)).toMatchObject({ granted: 2 });
  expect(pace.take('a', 1)).toMatchObject({ granted: 0 });
  let granted = 0;
  for (let tick = 0; tick < 1_000; tick++) {
    now += 10;
    granted += pace.take('a', 8).granted;
  }
  expect(granted).toBe(40);
  expect(pace.take('b', 8)).toEqual({ granted: 8, waitMs: 0 });
});

test.each([1, 3, 7, 50])('at %i a second, all requests are sent in the end', (perSecond) => {
  const pace = createRateLimit({ perSecond, burst: perSecond }, clock);
  let [left, turns] = [perSecond * 20, 0];
  while (left > 0 && turns++ < 1_000) {
    const { granted, waitMs } = pace.take('a', Math.min(8, left));
    left -= granted;
    now += waitMs;
  }
  expect(left).toBe(0);
});

test('waiting requests return one after another, at the rate', () => {
  const pace = createRateLimit({ perSecond: 10, burst: 10 }, clock);
  pace.take('a', 10);
  const waits = Array.from({ length: 30 }, () => pace.take('a', 8).waitMs);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits.at(-1)).toBeGreaterThan(20_000);
  expect(Math.max(...Array.from({ length: 10_000 }, () => pace.take('a', 8).waitMs))).toBe(600_000);
});

const url = 'https://hooks.example.com/tasklane';

test('an unverified host gets few tests, and a user can send few tests', () => {
  const traffic = createTraffic(1_000, clock);
  const test = (userId: string, host: string) =>
    traffic.take({ userId, url: `https://${host}/`, verified: false }, 1).granted;
  const many = (count: number, take: (n: number) => number) =>
    Array.from({ length: count }, (_, n) => take(n)).reduce((sum, each) => sum + each, 0);
  // By one user to any number of hosts.
  expect(many(100, (n) => test('ada', `${n}.example.com`))).toBe(20);
  // To one host in any spelling, by any number of users.
  expect(
    many(100, (n) => test(`user-${n}`, ['victim.example.com', 'VICTIM.example.com.'][n % 2] as string)),
  ).toBe(20);
  now += 10_000;
  expect(many(100, (n) => test('ada', `${n}.example.org`))).toBe(1);
  expect(many(100, (n) => test(`other-${n}`, 'victim.example.com'))).toBe(10);
});

test('one user gets at most half of a host’s rate', () => {
  const traffic = createTraffic(20, clock);
  const take = (userId: string) => traffic.take({ userId, url, verified: true }, 8).granted;
  let [ada, bob] = [0, 0];
  for (let tick = 0; tick < 600; tick++) {
    now += 100;
    for (let time = 0; time < 5; time++) ada += take('ada');
    if (tick % 10 === 0) bob += take('bob');
  }
  expect(ada).toBeLessThanOrEqual(620);
  expect(bob).toBe(60 * 8);
});
