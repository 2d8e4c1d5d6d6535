import fc from 'fast-check';
import { parseRule } from '../../../src/domain/recurrence/parse';
import { ruleOf, ruleTexts, runs } from './support';

test('a rule keeps its text and its parts', () => {
  const text = 'BYDAY=MO,-1FR,+2SU;FREQ=MONTHLY;WKST=SU;INTERVAL=03;BYSETPOS=1,-2;BYMONTH=12,1;COUNT=9999';

  expect(parseRule(text)).toEqual({
    text,
    frequency: 'MONTHLY',
    interval: 3,
    count: 9999,
    until: null,
    byMonth: [12, 1],
    byMonthDay: [],
    byHour: [],
    byDay: [
      { ordinal: null, weekday: 0 },
      { ordinal: -1, weekday: 4 },
      { ordinal: 2, weekday: 6 },
    ],
    bySetPos: [1, -2],
    weekStart: 6,
  });
});

test.each([
  ['20261231', { date: '2026-12-31' }],
  ['20240229', { date: '2024-02-29' }],
  ['20261231T225959Z', { instant: new Date('2026-12-31T22:59:59Z') }],
])('UNTIL=%s is read', (text, until) => {
  expect(ruleOf(`FREQ=DAILY;UNTIL=${text}`).until).toEqual(until);
});

test.each([
  // Wrong syntax.
  ['', ['required', 'wrong-format']],
  ['RRULE:FREQ=DAILY', ['wrong-format']],
  ['rrule:FREQ=DAILY', ['wrong-format']],
  ['FREQ=DAILY;', ['wrong-format']],
  [';FREQ=DAILY', ['wrong-format']],
  ['FREQ=DAILY;;COUNT=1', ['wrong-format']],
  ['FREQ=', ['required', 'wrong-format']],
  ['FREQ=DAILY;COUNT=1=2', ['wrong-format']],
  ['FREQ=DAILY\n', ['not-allowed']],
  ['FREQ=DAILY ;COUNT=2', ['not-allowed']],
  ['INTERVAL=2', ['required']],
  ['FREQ=SECONDLY', ['not-allowed']],
  ['FREQ=daily', ['not-allowed']],
  ['freq=DAILY', ['not-allowed', 'required']],
  [`FREQ=DAILY;COUNT=${'1'.repeat(500)}`, ['too-long']],
  // Parts that do not exist, are repeated, or cannot be combined.
  ['FREQ=DAILY;BYHOUR=9', ['not-allowed']],
  ['FREQ=YEARLY;BYYEARDAY=1', ['not-allowed']],
  ['FREQ=YEARLY;BYWEEKNO=1', ['not-allowed']],
  ['FREQ=YEARLY;RSCALE=CHINESE', ['not-allowed']],
  ['FREQ=YEARLY;SKIP=OMIT', ['not-allowed']],
  ['FREQ=DAILY;DTSTART=20260101', ['not-allowed']],
  ['FREQ=DAILY;FREQ=DAILY', ['duplicate']],
  ['FREQ=DAILY;COUNT=1;UNTIL=20260101', ['not-allowed']],
  ['FREQ=MONTHLY;BYSETPOS=1', ['required']],
  ['FREQ=WEEKLY;BYMONTHDAY=1', ['not-allowed']],
  ['FREQ=WEEKLY;BYDAY=1MO', ['not-allowed']],
  ['FREQ=DAILY;BYDAY=-1MO,TU', ['not-allowed']],
  // Numbers.
  ['FREQ=DAILY;INTERVAL=0', ['too-small']],
  ['FREQ=DAILY;INTERVAL=1000', ['too-large']],
  ['FREQ=DAILY;INTERVAL=-1', ['wrong-format']],
  ['FREQ=DAILY;INTERVAL=1.5', ['wrong-format']],
  ['FREQ=DAILY;COUNT=0', ['too-small']],
  ['FREQ=DAILY;COUNT=10000', ['too-large']],
  [`FREQ=DAILY;COUNT=${'9'.repeat(400)}`, ['too-large']],
  ['FREQ=DAILY;BYMONTH=0', ['too-small']],
  ['FREQ=DAILY;BYMONTH=13', ['too-large']],
  ['FREQ=DAILY;BYMONTH=-1', ['wrong-format']],
  ['FREQ=DAILY;BYMONTH=1,,2', ['wrong-format']],
  ['FREQ=DAILY;BYMONTH=1,01', ['duplicate']],
  ['FREQ=DAILY;BYMONTHDAY=0', ['too-small']],
  ['FREQ=DAILY;BYMONTHDAY=32', ['too-large']],
  ['FREQ=DAILY;BYMONTHDAY=-32', ['too-small']],
  ['FREQ=DAILY;BYMONTHDAY=x', ['wrong-format']],
  ['FREQ=WEEKLY;BYDAY=MO,MO', ['duplicate']],
  ['FREQ=WEEKLY;BYDAY=MON', ['wrong-format']],
  ['FREQ=WEEKLY;BYDAY=mo', ['wrong-format']],
  ['FREQ=WEEKLY;WKST=1', ['wrong-format']],
  ['FREQ=MONTHLY;BYDAY=6MO', ['too-large']],
  ['FREQ=MONTHLY;BYDAY=-6MO', ['too-small']],
  ['FREQ=MONTHLY;BYDAY=0MO', ['too-small']],
  ['FREQ=MONTHLY;BYDAY=1,2MO', ['wrong-format']],
  ['FREQ=YEARLY;BYDAY=54MO', ['too-large']],
  ['FREQ=YEARLY;BYMONTH=1;BYDAY=6MO', ['too-large']],
  ['FREQ=DAILY;BYMONTH=1;BYSETPOS=2', ['too-large']],
  ['FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-3', ['too-small']],
  ['FREQ=YEARLY;BYDAY=MO;BYSETPOS=367', ['too-large']],
  // Times.
  ['FREQ=DAILY;UNTIL=2026-12-31', ['wrong-format']],
  ['FREQ=DAILY;UNTIL=20260230', ['wrong-format']],
  ['FREQ=DAILY;UNTIL=20250229', ['wrong-format']],
  ['FREQ=DAILY;UNTIL=00000101', ['wrong-format']],
  ['FREQ=DAILY;UNTIL=20261231T225959', ['wrong-format']],
  ['FREQ=DAILY;UNTIL=20261231T245959Z', ['wrong-format']],
  ['FREQ=DAILY;UNTIL=20261231T236059Z', ['wrong-format']],
  ['FREQ=DAILY;UNTIL=20261231T235960Z', ['wrong-format']],
  // Days that do not exist.
  ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', ['not-allowed']],
  ['FREQ=DAILY;BYMONTH=4,6,9,11;BYMONTHDAY=31', ['not-allowed']],
  ['FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=8', ['not-allowed']],
  ['FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=2', ['not-allowed']],
  ['FREQ=MONTHLY;BYMONTH=1,2;BYSETPOS=2', ['not-allowed']],
  ['FREQ=YEARLY;BYDAY=53MO;BYMONTHDAY=29', ['not-allowed']],
  ['FREQ=YEARLY;BYMONTH=2;BYDAY=MO;BYSETPOS=6', ['not-allowed']],
  // All errors, not only the first.
  [
    'FREQ=SOMETIMES;INTERVAL=0;COUNT=99999;UNTIL=tomorrow;BYMONTH=1,13;BYHOUR=9;WKST=XX',
    [
      'not-allowed',
      'not-allowed',
      'not-allowed',
      'too-large',
      'too-large',
      'too-small',
      'wrong-format',
      'wrong-format',
    ],
  ],
])('%j is rejected as %j', (text, codes) => {
  const errors = parseRule(text);

  if (!Array.isArray(errors)) throw new Error('It was read.');
  expect(errors.map(({ code }) => code).sort()).toEqual(codes);
  for (const { detail } of errors) expect(detail).toMatch(/^must .*[^.]$/s);
});

test.each([
  'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;INTERVAL=999',
  'FREQ=YEARLY;BYDAY=53MO;BYMONTHDAY=31',
  'FREQ=YEARLY;BYDAY=SU;BYSETPOS=53',
  'FREQ=YEARLY;BYMONTH=2;BYDAY=MO;BYSETPOS=5',
  'FREQ=YEARLY;BYMONTHDAY=-31',
  'FREQ=YEARLY;BYMONTH=1,2;BYSETPOS=2',
  'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=-29',
])('%s is accepted, although its days are rare', (text) => {
  expect(parseRule(text)).toMatchObject({ text });
});

test('any text gives a rule or errors', () => {
  const noise = fc.stringMatching(/^[A-Z0-9=;,+-]{0,60}$/);
  const texts = fc.oneof(
    fc.string({ maxLength: 600 }),
    noise,
    fc.tuple(ruleTexts, noise).map((both) => both.join(';')),
  );

  fc.assert(
    fc.property(texts, (text) => {
      const parsed = parseRule(text);
      expect(Array.isArray(parsed) ? parsed.length > 0 : parsed.text === text).toBe(true);
    }),
    runs(1000),
  );
});
