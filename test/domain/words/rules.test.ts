/** Tests that rules in words and RRULEs agree. */
import fc from 'fast-check';
import { parseRule } from '../../../src/domain/recurrence/parse';
import { occurrences } from '../../../src/domain/recurrence/schedule';
import { languages, sayRule } from '../../../src/domain/words';
import { fromRrule, ruleOf, toRrule } from '../../../src/domain/words/rule';
import { readerOf } from './support';

const inOrder = (numbers: readonly number[]) => [...numbers].sort((one, other) => one - other);
const some = (values: readonly number[]) => fc.subarray([...values], { minLength: 1 });
const weekdays = [0, 1, 2, 3, 4, 5, 6];
const position = fc.constantFrom(-1, 1, 2, 3, 4);
// The days of months that all months have. Later ones are said alone.
const monthDays = some([-1, ...Array.from({ length: 28 }, (_, index) => index + 1)]);

/** Every form of rule that has words. */
const core = fc.oneof(
  fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY').map((frequency) => ({ frequency })),
  some(weekdays).map((days) => ({ frequency: 'WEEKLY', weekdays: days })),
  fc
    .record({ position, weekdays: fc.constantFrom(...weekdays.map((day) => [day]), [0, 1, 2, 3, 4]) })
    .map((nth) => ({ frequency: 'MONTHLY', ...nth })),
  monthDays.map((days) => ({ frequency: 'MONTHLY', monthDays: inOrder(days) })),
  fc.constantFrom(29, 30, 31).map((day) => ({ frequency: 'MONTHLY', monthDays: [day] })),
  fc
    .record({ month: fc.integer({ min: 1, max: 12 }), day: fc.integer({ min: 1, max: 28 }) })
    .map(({ month, day }) => ({ frequency: 'YEARLY', month, monthDays: [day] })),
  fc.constantFrom([2, 29], [12, 31], [4, 30]).map(([month, day]) => ({
    frequency: 'YEARLY',
    month: month as number,
    monthDays: [day as number],
  })),
);
const firstDayOf2030 = 21_915;
const end = fc.oneof(
  fc.constant({}),
  fc.integer({ min: 1, max: 9999 }).map((count) => ({ count })),
  fc.integer({ min: firstDayOf2030, max: firstDayOf2030 + 20_000 }).map((until) => ({ until })),
);
const rules = fc
  .record({ core, end, interval: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 999 })) })
  .map((parts) =>
    ruleOf({ interval: parts.interval, ...parts.core, ...parts.end } as Parameters<typeof ruleOf>[0]),
  );

// The same cases in each run of the tests.
const runs = { seed: 1 };

const repeats = fc.constantFrom('schedule', 'completion');

describe.each(languages)('in %s', (language) => {
  test('every rule that can be said parses back', async () => {
    const read = await readerOf(language);
    fc.assert(
      fc.property(rules, repeats, (rule, repeatFrom) => {
        const rrule = toRrule(rule);
        const words = sayRule(rrule, language, repeatFrom);
        expect(words).not.toBeNull();
        const { fields, left } = read(`Walk ${words}`);
        expect([words, left, fields.title, fields.rrule, fields.repeat_from]).toEqual([
          words,
          [],
          'Walk',
          rrule,
          repeatFrom,
        ]);
      }),
      { ...runs, numRuns: 500 },
    );
  });

  test('any valid rule is said so that it parses back, or not at all', async () => {
    const read = await readerOf(language);
    const list = (values: fc.Arbitrary<string | number>) =>
      fc.uniqueArray(values, { minLength: 1, maxLength: 3 }).map((items) => items.join(','));
    const code = fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU');
    const ordinal = fc.constantFrom('', '', '1', '+2', '-1', '-2', '5');
    const text = fc
      .record({
        FREQ: fc.constantFrom('HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
        INTERVAL: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        BYDAY: fc.option(list(fc.tuple(ordinal, code).map((parts) => parts.join(''))), { nil: undefined }),
        BYMONTHDAY: fc.option(list(fc.constantFrom(1, 15, 28, 29, 30, 31, -1, -2)), { nil: undefined }),
        BYMONTH: fc.option(list(fc.constantFrom(2, 4, 12)), { nil: undefined }),
        BYSETPOS: fc.option(list(fc.constantFrom(1, -1, 2)), { nil: undefined }),
        WKST: fc.option(code, { nil: undefined }),
        UNTIL: fc.option(fc.constantFrom('20301231', '20301231T120000Z'), { nil: undefined }),
      })
      .map((parts) =>
        Object.entries(parts)
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => `${name}=${value}`)
          .join(';'),
      )
      .filter((rrule) => !Array.isArray(parseRule(rrule)));
    fc.assert(
      fc.property(text, (rrule) => {
        const words = sayRule(rrule, language);
        if (words === null) return;
        const said = read(`Walk ${words}`).fields.rrule as string;
        // The service evaluates both alike, from a day that begins both.
        expect(fromRrule(said)).toEqual(fromRrule(rrule));
        const { due_date } = read(`Walk ${words}`).fields;
        const dates = [said, rrule].map((each) =>
          occurrences(parsed(each), due_date as string, { limit: 20 }),
        );
        expect(dates[0]).toEqual(dates[1]);
      }),
      { ...runs, numRuns: 2000 },
    );
  });

  test('the due date of a rule is its first occurrence', async () => {
    const read = await readerOf(language);
    fc.assert(
      fc.property(rules, (rule) => {
        const { rrule, due_date } = read(`Walk ${sayRule(toRrule(rule), language)}`).fields;
        const [first] = occurrences(parsed(rrule as string), due_date as string, { limit: 1 });
        expect(first).toBe(due_date);
      }),
      runs,
    );
  });
});

function parsed(rrule: string) {
  const rule = parseRule(rrule);
  if (Array.isArray(rule)) throw new Error(`${rrule}: ${rule[0]?.detail}`);
  return rule;
}

test.each([
  ['FREQ=WEEKLY;BYDAY=FR,MO', 'every Monday and Friday', 'jeden Montag und Freitag'],
  ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', 'every weekday', 'jeden Werktag'],
  ['FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU', 'every 2 weeks on weekend', 'alle 2 Wochen am Wochenende'],
  ['FREQ=MONTHLY;BYMONTHDAY=1,-1', 'every 1st and last day', 'jeden 1. und letzten Tag des Monats'],
  ['FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1', 'every 30th', 'jeden 30.'],
  ['FREQ=MONTHLY;BYDAY=-1FR', 'every last Friday of the month', 'jeden letzten Freitag im Monat'],
  ['FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8', 'every 8 March', 'jeden 8. März'],
  ['FREQ=DAILY;INTERVAL=3;COUNT=5', 'every 3 days for 5 times', 'alle 3 Tage 5 Mal'],
  ['FREQ=DAILY;UNTIL=20271231', 'every day until 31 December 2027', 'jeden Tag bis 31. Dezember 2027'],
  ['FREQ=MONTHLY;BYMONTHDAY=31', null, null],
  ['FREQ=HOURLY', null, null],
  ['FREQ=WEEKLY;WKST=SU', null, null],
])('%s', (rrule, english, german) => {
  expect(languages.map((language) => sayRule(rrule, language))).toEqual([english, german]);
});

test('a rule that counts from completions has a mark', () => {
  const rrule = 'FREQ=DAILY;INTERVAL=3';
  expect(sayRule(rrule, 'en', 'completion')).toBe('every! 3 days');
  expect(sayRule(rrule, 'de', 'completion')).toBe('alle! 3 Tage');
});
