/** Hourly rules, compared with another library, and their bounds. */
import fc from 'fast-check';
import { RRule } from 'rrule';
import { exportRule } from '../../../src/domain/recurrence/export';
import { distanceBetween, shiftPoint } from '../../../src/domain/recurrence/point';
import { type DueClock, occurrences } from '../../../src/domain/recurrence/schedule';
import { ruleOf, runs } from './support';

const start = '2026-11-19T06:30';
const inUtc: DueClock = { time: '06:30', zone: 'UTC' };
const LIMIT = 12;

function byLibrary(text: string): string[] {
  const rule = new RRule({ ...RRule.parseString(text), dtstart: new Date(`${start}:00Z`) });
  return rule.all((_, count) => count < LIMIT).map((date) => date.toISOString().slice(0, 16));
}

const part = (name: string, values: readonly (string | number)[]) =>
  fc
    .option(fc.subarray([...values], { minLength: 1, maxLength: 4 }))
    .map((some) => some && `${name}=${some.join()}`);

const texts = fc
  .tuple(
    fc.integer({ min: 1, max: 50 }).map((interval) => `INTERVAL=${interval}`),
    part('BYHOUR', [0, 5, 6, 8, 12, 18, 22, 23]),
    part('BYDAY', ['MO', 'WE', 'TH', 'SU']),
    part('BYMONTH', [1, 2, 11, 12]),
    fc.option(fc.integer({ min: 1, max: 20 }).map((count) => `COUNT=${count}`)),
  )
  .map((parts) => ['FREQ=HOURLY', ...parts.filter(Boolean)].join(';'));

test('hourly rules give the hours that another library gives', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const found = occurrences(ruleOf(text), start, { limit: LIMIT, clock: inUtc });
      // The library cannot see that no hour matches, and it leaves out a start that does not match.
      fc.pre(found.length > 2 && (found[1] as string) < '2028');
      const expected = byLibrary(text);
      if (expected[0] !== start) return;
      expect(found).toEqual(expected);
    }),
    runs(200),
  );
});

test.each([
  ['FREQ=HOURLY;UNTIL=20261119T103000Z', inUtc, ['2026-11-19T06:30', '2026-11-19T10:30']],
  ['FREQ=HOURLY;UNTIL=20261119T102959Z', inUtc, ['2026-11-19T06:30', '2026-11-19T09:30']],
  ['FREQ=HOURLY;UNTIL=20261119', inUtc, ['2026-11-19T06:30', '2026-11-19T23:30']],
  [
    'FREQ=HOURLY;UNTIL=20261119T103000Z',
    { time: '06:30', zone: 'Asia/Tokyo' },
    ['2026-11-19T06:30', '2026-11-19T19:30'],
  ],
])('%s in %j ends at its last hour, also after an export', (text, clock, [first, last]) => {
  const rule = ruleOf(text);
  const all = occurrences(rule, start, { limit: 100, clock });
  expect([all[0], all.at(-1)]).toEqual([first, last]);
  expect(occurrences(ruleOf(exportRule(rule, start, clock)), start, { limit: 100, clock })).toEqual(all);
});

test('an exported COUNT ends at the same hour', () => {
  const rule = ruleOf('FREQ=HOURLY;INTERVAL=5;BYDAY=TH,FR;COUNT=7');
  const exported = exportRule(rule, start, inUtc);
  expect(exported).toContain('UNTIL=2026');
  const all = occurrences(rule, start, { limit: 100, clock: inUtc });
  expect(all).toHaveLength(7);
  expect(occurrences(ruleOf(exported), start, { limit: 100, clock: inUtc })).toEqual(all);
});

test.each([
  'FREQ=HOURLY;INTERVAL=24;BYHOUR=5',
  'FREQ=HOURLY;INTERVAL=168;BYDAY=FR',
  'FREQ=HOURLY;INTERVAL=998;BYMONTH=2;BYMONTHDAY=29;BYHOUR=5',
])('%s has no hour after its start, and the search ends soon', (text) => {
  const begin = process.cpuUsage();
  expect(occurrences(ruleOf(text), start, { limit: 2 })).toEqual([start]);
  expect(process.cpuUsage(begin).user / 1_000).toBeLessThan(1_000);
});

test.each([
  ['2026-12-31T23:30', 60, '2027-01-01T00:30'],
  ['2027-01-01T00:30', -60, '2026-12-31T23:30'],
  ['2028-02-28', 1, '2028-02-29'],
])('%s moves by %i to %s', (from, distance, to) => {
  expect(shiftPoint(from, distance)).toBe(to);
  expect(distanceBetween(from, to)).toBe(distance);
});
