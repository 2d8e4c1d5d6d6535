/** Compares the dates of rules with those of three independent libraries. */
import fc from 'fast-check';
import ICAL from 'ical.js';
import { RRule } from 'rrule';
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { exportRule } from '../../../src/domain/recurrence/export';
import type { Rule } from '../../../src/domain/recurrence/rule';
import { type DueClock, nextDate, occurrences } from '../../../src/domain/recurrence/schedule';
import { addDays } from '../../../src/domain/time/calendar';
import { dates, ruleOf, rules, runs } from './support';

const LIMIT = 12;
const days = { HOURLY: 0, DAILY: 800, WEEKLY: 3_000, MONTHLY: 6_000, YEARLY: 30_000 } as const;

/** The date at which a test stops: some libraries take seconds to find that no date follows. */
function horizon(rule: Rule, start: string): string {
  return addDays(start, days[rule.frequency]);
}

/** The first dates of a series; skips the run if they are far apart. */
function closeDates(rule: Rule, start: string): string[] {
  const first = occurrences(rule, start, { limit: LIMIT });
  fc.pre(first.length === LIMIT && first.every((date) => date <= horizon(rule, start)));
  return first;
}

/** The dates of a library, in order and each once, plus the start, which Tasklane always includes. */
function series(start: string, found: string[]): string[] {
  return [...new Set([start, ...found])].sort().slice(0, LIMIT);
}

function byRrule(text: string, start: string): string[] {
  const rule = new RRule({ ...RRule.parseString(text), dtstart: new Date(`${start}T00:00:00Z`) });
  return series(
    start,
    rule.all((_, i) => i < 2 * LIMIT).map((date) => date.toISOString().slice(0, 10)),
  );
}

function byRruleTemporal(text: string, start: string): string[] {
  const dtstart = Temporal.ZonedDateTime.from(`${start}T00:00:00[UTC]`);
  const rule = new RRuleTemporal({ rruleString: text, dtstart, maxIterations: 100_000 });
  return series(
    start,
    rule.all((_, i) => i < LIMIT).map((date) => date.toPlainDate().toString()),
  );
}

const hasOrdinal = (rule: Rule) => rule.byDay.some(({ ordinal }) => ordinal !== null);
const hasPlain = (rule: Rule) => rule.byDay.some(({ ordinal }) => ordinal === null);

// Three bugs of rrule 2.8.1 against RFC 5545, section 3.3.10: it ignores weekdays without a number beside weekdays with
// one; it uses the first day if BYSETPOS is below minus the number of days; it applies BYSETPOS to a partial first week.
const isRightInRrule = (rule: Rule) =>
  !(hasOrdinal(rule) && hasPlain(rule)) &&
  rule.bySetPos.every((position) => position >= -1) &&
  !(rule.frequency === 'WEEKLY' && rule.bySetPos.length > 0);

// rrule-temporal 2.2.7 ignores weekdays without a number, or BYMONTHDAY, beside weekdays with a number in a year; by the
// table of section 3.3.10, BYDAY limits BYMONTHDAY.
const isRightInRruleTemporal = (rule: Rule) =>
  !(rule.frequency === 'YEARLY' && rule.byMonth.length === 0 && hasOrdinal(rule)) ||
  !(hasPlain(rule) || rule.byMonthDay.length > 0);

test('the dates equal those of rrule', () => {
  fc.assert(
    fc.property(rules.filter(isRightInRrule), dates, (rule, start) => {
      expect(closeDates(rule, start)).toEqual(byRrule(exportRule(rule, start), start));
    }),
    runs(100),
  );
});

test('the dates equal those of rrule-temporal', () => {
  fc.assert(
    fc.property(rules.filter(isRightInRruleTemporal), dates, (anyRule, start) => {
      const rule = ruleOf(`${anyRule.text};UNTIL=${horizon(anyRule, start).replaceAll('-', '')}`);
      expect(occurrences(rule, start, { limit: LIMIT })).toEqual(
        byRruleTemporal(exportRule(rule, start), start),
      );
    }),
    runs(200),
  );
});

test('up to the 28th, the dates equal those of rrule for the original rule', () => {
  const starts = dates.filter((date) => Number(date.slice(8)) <= 28);

  fc.assert(
    fc.property(rules.filter(isRightInRrule), starts, (rule, start) => {
      expect(closeDates(rule, start)).toEqual(byRrule(rule.text, start));
    }),
    runs(100),
  );
});

test('an exported rule is imported with the same dates', () => {
  fc.assert(
    fc.property(rules, dates, fc.integer({ min: 1, max: 5 }), (anyRule, start, count) => {
      const rule = ruleOf(`${anyRule.text};COUNT=${count}`);
      expect(occurrences(ruleOf(exportRule(rule, start)), start, { limit: LIMIT })).toEqual(
        occurrences(rule, start, { limit: LIMIT }),
      );
    }),
    runs(200),
  );
});

test('COUNT and UNTIL end a series, and nextDate finds each date of the series', () => {
  fc.assert(
    fc.property(rules, dates, fc.integer({ min: 1, max: 10 }), (rule, start, count) => {
      const all = occurrences(rule, start, { limit: LIMIT });
      const until = all[count - 1] ?? '9999-12-31';
      const before = all.slice(0, count);

      expect(occurrences(ruleOf(`${rule.text};COUNT=${count}`), start, { limit: LIMIT })).toEqual(before);
      expect(
        occurrences(ruleOf(`${rule.text};UNTIL=${until.replaceAll('-', '')}`), start, { limit: LIMIT }),
      ).toEqual(before);
      for (const [i, date] of all.slice(1).entries()) {
        expect(nextDate(rule, start, addDays(date, -1))).toBe(date);
        expect(nextDate(rule, start, all[i] ?? '')).toBe(date);
      }
    }),
    runs(200),
  );
});

test.each([
  ['FREQ=MONTHLY', '2026-01-31', 'FREQ=MONTHLY;BYMONTHDAY=-1'],
  ['FREQ=MONTHLY', '2026-01-15', 'FREQ=MONTHLY;BYMONTHDAY=15'],
  ['FREQ=YEARLY', '2024-02-29', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1'],
  ['FREQ=YEARLY;INTERVAL=2', '2026-01-31', 'FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYMONTHDAY=31'],
  ['FREQ=YEARLY;BYMONTHDAY=15', '2026-01-15', 'FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=15'],
  ['FREQ=WEEKLY;WKST=SU', '2026-11-19', 'FREQ=WEEKLY;BYDAY=TH;WKST=SU'],
  ['FREQ=WEEKLY;COUNT=3', '2026-11-19', 'FREQ=WEEKLY;COUNT=3;BYDAY=TH'],
  ['FREQ=WEEKLY;BYDAY=MO;COUNT=3', '2026-11-19', 'FREQ=WEEKLY;UNTIL=20261130;BYDAY=MO'],
  ['FREQ=DAILY;INTERVAL=3', '2026-11-19', 'FREQ=DAILY;INTERVAL=3'],
])('%s from %s is %s in other programs, also in ical.js', (text, start, exported) => {
  const rule = ruleOf(text);
  const iterator = ICAL.Recur.fromString(exported).iterator(ICAL.Time.fromDateString(start));
  const found = Array.from({ length: LIMIT }, () => iterator.next()?.toString());

  expect(exportRule(rule, start)).toBe(exported);
  expect(
    series(
      start,
      found.filter((date) => typeof date === 'string'),
    ),
  ).toEqual(occurrences(rule, start, { limit: LIMIT }));
});

// The test with rrule above checks their dates; ical.js 2.2.1 ignores BYSETPOS after some months.
test.each([
  ['FREQ=MONTHLY', '2026-01-30', 'FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1'],
  ['FREQ=MONTHLY', '2026-01-29', 'FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1'],
  [
    'FREQ=YEARLY;BYMONTH=3,1,2',
    '2026-01-30',
    'FREQ=YEARLY;BYMONTH=3,1,2;BYMONTHDAY=28,29,30;BYSETPOS=3,-4,-1',
  ],
])('%s from %s is %s in other programs', (text, start, exported) => {
  expect(exportRule(ruleOf(text), start)).toBe(exported);
});

test.each<[string, DueClock, string]>([
  ['20261130', { time: null, zone: null }, '20261130'],
  ['20261130', { time: null, zone: 'Asia/Tokyo' }, '20261130'],
  ['20261130', { time: '09:00', zone: null }, '20261130T090000'],
  ['20261130', { time: '09:00', zone: 'Asia/Tokyo' }, '20261130T000000Z'],
  ['20261130T000000Z', { time: null, zone: null }, '20261130'],
  ['20261130T000000Z', { time: null, zone: 'America/New_York' }, '20261129'],
  ['20261130T000000Z', { time: '09:00', zone: 'Asia/Tokyo' }, '20261130T000000Z'],
  ['20261130T000000Z', { time: '09:01', zone: 'Asia/Tokyo' }, '20261129T000100Z'],
  ['99991231', { time: '23:59', zone: 'Pacific/Pago_Pago' }, '99991231T235959Z'],
])('UNTIL=%s on %j is exported with DTSTART as %s', (until, clock, exported) => {
  expect(exportRule(ruleOf(`FREQ=DAILY;UNTIL=${until}`), '2026-11-19', clock)).toBe(
    `FREQ=DAILY;UNTIL=${exported}`,
  );
});
