import { pauseOfDelivery, pauseOfWebhook, readRetryAfter } from '../../../src/features/webhooks/retries';

const [minute, hour] = [60_000, 3_600_000];

function range(pause: () => number | null): [number | null, number | null] {
  const random = jest.spyOn(Math, 'random');
  const [least, most] = [0, 1].map((value) => {
    random.mockReturnValue(value);
    return pause();
  });
  random.mockRestore();
  return [least as number | null, most as number | null];
}

test('a delivery is tried nine times within about a day, with growing pauses', () => {
  const middles: number[] = [];
  for (let tries = 1; tries <= 8; tries++) {
    const [least, most] = range(() => pauseOfDelivery(tries, null)) as [number, number];
    expect(most / least).toBeCloseTo(1.5, 3);
    middles.push((least + most) / 2);
  }
  expect(middles).toEqual(middles.toSorted((a, b) => a - b));
  expect(middles[0]).toBe(5_000);
  const total = middles.reduce((sum, each) => sum + each, 0);
  expect(total).toBeGreaterThan(23 * hour);
  expect(total).toBeLessThan(25 * hour);
  expect(pauseOfDelivery(9, null)).toBeNull();
  expect(pauseOfDelivery(9, hour)).toBeNull();
});

test("the receiver's Retry-After is the minimum pause, up to an hour", () => {
  expect(range(() => pauseOfDelivery(1, 10 * minute))).toEqual([10 * minute, 10 * minute]);
  expect(range(() => pauseOfDelivery(1, 10 * hour))).toEqual([hour, hour]);
  expect(range(() => pauseOfDelivery(1, 1))).toEqual([4_000, 6_000]);
});

test('a failing address is paused for about half an hour at most, unless Retry-After is longer', () => {
  expect(range(() => pauseOfWebhook(1, null))).toEqual([4_000, 6_000]);
  expect(range(() => pauseOfWebhook(4, null))).toEqual([24 * minute, 36 * minute]);
  expect(range(() => pauseOfWebhook(4_000, null))).toEqual([24 * minute, 36 * minute]);
  expect(range(() => pauseOfWebhook(1, 10 * hour))).toEqual([hour, hour]);
});

test.each([
  [undefined, null],
  ['120', 120_000],
  ['0', null],
  ['-5', null],
  ['soon', null],
  ['', null],
  ['1e3', null],
  ['9'.repeat(400), null],
  ['Sat, 21 Nov 2026 09:32:00 GMT', 120_000],
  ['Sat, 21 Nov 2026 09:28:00 GMT', null],
])('Retry-After: %s', (value, ms) => {
  expect(readRetryAfter(value, Date.parse('2026-11-21T09:30:00Z'))).toBe(ms);
});
