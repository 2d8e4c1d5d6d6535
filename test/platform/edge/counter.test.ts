import { memoryCounter, windowMs } from '../../../src/platform/edge/counter';
import { stopClock } from '../../support/clock';

afterEach(() => jest.useRealTimers());

test('counts up to the limit, until the window ends', async () => {
  let time = 1_000;
  const counter = memoryCounter(() => time);
  expect(await counter.take('a', 2, 3)).toEqual({ fits: true, total: 2, leftMs: windowMs });
  time += 10_000;
  expect(await counter.take('a', 1, 3)).toEqual({ fits: true, total: 3, leftMs: windowMs - 10_000 });
  expect(await counter.take('a', 1, 3)).toMatchObject({ fits: false, total: 3 });
  expect(await counter.take('b', 1, 3)).toMatchObject({ fits: true, total: 1 });
  time += windowMs - 10_000;
  expect(await counter.take('a', 1, 3)).toEqual({ fits: true, total: 1, leftMs: windowMs });
});

test('a request that costs more than a window is allowed once in each window', async () => {
  const counter = memoryCounter(() => 0);
  expect(await counter.take('a', 1_000, 3)).toMatchObject({ fits: true, total: 1_000 });
  expect(await counter.take('a', 1, 3)).toMatchObject({ fits: false, total: 1_000 });
});

test('100,000 addresses use bounded memory', async () => {
  const counter = memoryCounter();
  for (let i = 0; i < 100_000; i += 1) await counter.take(`address-${i}`, 1, 10);
  expect(await counter.take('address-99999', 1, 10)).toMatchObject({ total: 2 });
  expect(await counter.take('address-0', 1, 10)).toMatchObject({ total: 1 });
});

test.each(['2026-11-20T00:00:00Z', '2026-11-27T00:00:00Z', '2038-01-19T03:14:08Z'])(
  'a clock that jumps to %s does not change a window',
  async (instant) => {
    stopClock('2026-11-26T12:00:00Z');
    const counter = memoryCounter();
    await counter.take('a', 1, 1);
    jest.setSystemTime(new Date(instant));
    const { fits, leftMs } = await counter.take('a', 1, 1);
    expect(fits).toBe(false);
    expect(leftMs).toBeGreaterThan(windowMs - 10_000);
    expect(leftMs).toBeLessThanOrEqual(windowMs);
  },
);
