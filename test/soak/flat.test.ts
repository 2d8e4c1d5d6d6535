import { randomFrom } from '../support/random';
import { growthOf, isGrowing, median } from './flat';

const samples = (value: (n: number) => number, count = 90) =>
  Array.from({ length: count }, (_, n) => ({ at: n * 1000, value: value(n) }));
const grows = (value: (n: number) => number) => {
  const growth = growthOf(samples(value));
  return growth !== null && isGrowing(growth, 20);
};

test('a median is the middle value, or the mean of the two middle values', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('noise, peaks and steps back do not count as growth', () => {
  const random = randomFrom(1);
  expect(grows(() => 100 + random() * 50)).toBe(false);
  expect(grows((n) => (n % 20 === 19 ? 1_000 : 100))).toBe(false);
  expect(grows((n) => (n > 85 ? 500 : 100))).toBe(false);
  expect(grows((n) => (n < 10 ? 300 : 100))).toBe(false);
});

test('a leak counts as growth, also among noise', () => {
  const random = randomFrom(2);
  expect(grows((n) => 100 + n / 2)).toBe(true);
  expect(grows((n) => 100 + n / 2 + random() * 30)).toBe(true);
});

test('growth within the bound is allowed', () => {
  expect(grows((n) => 100 + n / 10)).toBe(false);
});

test('too few samples say nothing', () => {
  expect(growthOf(samples((n) => n, 5))).toBeNull();
});
