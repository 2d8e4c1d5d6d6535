/** Tests what sentences become. */
import { betaLanguages, loadParser, maxLength } from '../../../src/domain/words';
import { leftOf, readerOf, summaryOf } from './support';

const understood: Record<string, readonly (readonly [text: string, summary: string])[]> = {
  'days and dates': [
    ['Call Bob today', 'Call Bob | 2026-11-26'],
    ['Call Bob tomorrow', 'Call Bob | 2026-11-27'],
    ['Call Bob the day after tomorrow', 'Call Bob | 2026-11-28'],
    ['Bob anrufen übermorgen', 'Bob anrufen | 2026-11-28'],
    ['Party 31.12.', 'Party | 2026-12-31'],
    ['Feier am 31.12', 'Feier | 2026-12-31'],
    ['Feier 31.12.2027', 'Feier | 2027-12-31'],
    ['Feier 31.12.26', 'Feier | 2026-12-31'],
    ['Pay 3rd', 'Pay | 2026-12-03'],
    ['Pay on the 31st please', 'Pay please | 2026-12-31'],
    ['Zahlen am 3.', 'Zahlen | 2026-12-03'],
    ['Submit 2026-12-24', 'Submit | 2026-12-24'],
    ['Submit Dec 24th, 2026', 'Submit | 2026-12-24'],
    ['Submit by 24 December', 'Submit | 2026-12-24'],
    ['Submit the 24th of November 2027', 'Submit | 2027-11-24'],
    ['Submit 12/31/2026', 'Submit | 2026-12-31'],
    ['Submit 31/12/2026', 'Submit | 2026-12-31'],
    ['Submit 3/4/2027', 'Submit | 2027-03-04 | ~3/4/2027'],
    ['Abgabe am 3/4/2027', 'Abgabe | 2027-04-03 | ~am 3/4/2027'],
    ['Meet 25 November', 'Meet | 2027-11-25'],
    ['Leap 29 February', 'Leap | 2028-02-29'],
    ['Zahnarzt am 5. Mai', 'Zahnarzt | 2027-05-05'],
    ['Report by the end of the month', 'Report | 2026-11-30'],
    ['Bericht Ende des Monats', 'Bericht | 2026-11-30'],
  ],
  weekdays: [
    ['Call on Sat', 'Call | 2026-11-28'],
    ['Call Thursday', 'Call | 2026-12-03'],
    ['Call Sat 5 pm', 'Call | 2026-11-28 17:00'],
    ['Arzt Do 14 Uhr', 'Arzt | 2026-12-03 14:00'],
    ['Call this Thursday', 'Call | 2026-11-26'],
    ['Call next Friday', 'Call | 2026-12-04 | ~next Friday'],
    ['Call Friday next week', 'Call | 2026-12-04'],
    ['Abgabe nächste Woche Freitag', 'Abgabe | 2026-12-04'],
    ['Report next week', 'Report | 2026-11-30'],
    ['Bericht nächste Woche', 'Bericht | 2026-11-30'],
    ['Report next month', 'Report | 2026-12-01'],
    ['Report next year', 'Report | 2027-01-01'],
    ['Tidy this weekend', 'Tidy | 2026-11-28'],
    ['Am Wochenende aufräumen', 'aufräumen | 2026-11-28'],
    ['Meet Friday, 27 November', 'Meet | 2026-11-27'],
    ['Treffen am Samstag, den 28.11.', 'Treffen | 2026-11-28'],
    ['Abgabe bis Freitag', 'Abgabe | 2026-11-27'],
  ],
  distances: [
    ['Call in 3 days', 'Call | 2026-11-29'],
    ['Call in a week', 'Call | 2026-12-03'],
    ['Call in 3 months', 'Call | 2027-02-26'],
    ['Call in two hours', 'Call | 2026-11-26 16:30'],
    ['Anrufen in 30 Minuten', 'Anrufen | 2026-11-26 15:00'],
    ['Call in 10 hours', 'Call | 2026-11-27 00:30'],
    ['Anrufen in einem Jahr', 'Anrufen | 2027-11-26'],
  ],
  times: [
    ['Call at 5', 'Call | 2026-11-26 17:00 | ~at 5'],
    ['Call at 9', 'Call | 2026-11-27 09:00 | ~at 9'],
    ['Call at 9 pm', 'Call | 2026-11-26 21:00'],
    ['Call at 12 am', 'Call | 2026-11-27 00:00'],
    ['Call at 12:30pm', 'Call | 2026-11-27 12:30'],
    ['Call tomorrow 8 a.m.', 'Call | 2026-11-27 08:00'],
    ['Call at 05:30', 'Call | 2026-11-27 05:30'],
    ['Call at 5:30', 'Call | 2026-11-26 17:30 | ~at 5:30'],
    ['Call at 17', 'Call | 2026-11-26 17:00'],
    ['Lunch at noon', 'Lunch | 2026-11-27 12:00'],
    ['Call half past eight', 'Call | 2026-11-27 08:30 | ~half past eight'],
    ['Anrufen um halb neun', 'Anrufen | 2026-11-27 08:30 | ~um halb neun'],
    ['Anrufen um halb eins', 'Anrufen | 2026-11-27 12:30 | ~um halb eins'],
    ['Anrufen um Viertel vor 4', 'Anrufen | 2026-11-26 15:45 | ~um Viertel vor 4'],
    ['Anrufen um 18 Uhr 30', 'Anrufen | 2026-11-26 18:30'],
    ['Anrufen um 18.45 Uhr', 'Anrufen | 2026-11-26 18:45'],
    ['Dinner tonight', 'Dinner | 2026-11-26 20:00 | ~tonight'],
    ['Dinner tomorrow evening at 8', 'Dinner | 2026-11-27 20:00'],
    ['Kaffee morgen früh', 'Kaffee | 2026-11-27 09:00 | ~früh'],
    ['Essen heute Abend um halb acht', 'Essen | 2026-11-26 19:30'],
    ['At 9 call Bob tomorrow', 'call Bob | 2026-11-27 09:00 | ~At 9'],
  ],
  rules: [
    ['Walk every day', 'Walk | 2026-11-26 | FREQ=DAILY'],
    ['Pills every day at 9', 'Pills | 2026-11-27 09:00 | FREQ=DAILY | ~at 9'],
    ['Pills every day at 15:00', 'Pills | 2026-11-26 15:00 | FREQ=DAILY'],
    ['Walk every weekday', 'Walk | 2026-11-26 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['Walk every mon-fri', 'Walk | 2026-11-26 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['Walk every weekend', 'Walk | 2026-11-28 | FREQ=WEEKLY;BYDAY=SA,SU'],
    ['Walk every other day', 'Walk | 2026-11-26 | FREQ=DAILY;INTERVAL=2'],
    ['Walk every 3 days', 'Walk | 2026-11-26 | FREQ=DAILY;INTERVAL=3'],
    ['Water every! 3 days', 'Water | 2026-11-26 | FREQ=DAILY;INTERVAL=3 | from completion'],
    ['Gießen alle! 3 Tage', 'Gießen | 2026-11-26 | FREQ=DAILY;INTERVAL=3 | from completion'],
    ['Plan every week', 'Plan | 2026-11-26 | FREQ=WEEKLY'],
    ['Plan every quarter', 'Plan | 2026-11-26 | FREQ=MONTHLY;INTERVAL=3'],
    ['Plan every two years', 'Plan | 2026-11-26 | FREQ=YEARLY;INTERVAL=2'],
    ['Gym every mon, wed and fri', 'Gym | 2026-11-27 | FREQ=WEEKLY;BYDAY=MO,WE,FR'],
    ['Gym on Mondays', 'Gym | 2026-11-30 | FREQ=WEEKLY;BYDAY=MO'],
    ['Müll alle 2 Wochen am Dienstag', 'Müll | 2026-12-01 | FREQ=WEEKLY;INTERVAL=2;BYDAY=TU'],
    ['Bins every other Friday', 'Bins | 2026-11-27 | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR'],
    [
      'Müll jeden zweiten Montag',
      'Müll | 2026-11-30 | FREQ=WEEKLY;INTERVAL=2;BYDAY=MO | ~jeden zweiten Montag',
    ],
    ['Bins every second Monday of the month', 'Bins | 2026-12-14 | FREQ=MONTHLY;BYDAY=2MO'],
    ['Bins every third Monday', 'Bins | 2026-12-21 | FREQ=MONTHLY;BYDAY=3MO | ~every third Monday'],
    ['Pay every last Friday', 'Pay | 2026-11-27 | FREQ=MONTHLY;BYDAY=-1FR'],
    ['Pay every last weekday', 'Pay | 2026-11-30 | FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'],
    ['Pay every 1st', 'Pay | 2026-12-01 | FREQ=MONTHLY;BYMONTHDAY=1'],
    ['Pay every 27th', 'Pay | 2026-11-27 | FREQ=MONTHLY;BYMONTHDAY=27'],
    ['Pay every month on the 1st and the 15th', 'Pay | 2026-12-01 | FREQ=MONTHLY;BYMONTHDAY=1,15'],
    ['Pay every 30th', 'Pay | 2026-11-30 | FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1'],
    ['Pay every 31st', 'Pay | 2026-11-30 | FREQ=MONTHLY;BYMONTHDAY=-1'],
    ['Pay every last day of the month', 'Pay | 2026-11-30 | FREQ=MONTHLY;BYMONTHDAY=-1'],
    ['Zahlen jeden 1. und 15.', 'Zahlen | 2026-12-01 | FREQ=MONTHLY;BYMONTHDAY=1,15'],
    ['Cake every 5 May', 'Cake | 2027-05-05 | FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=5'],
    ['Cake every May 5th', 'Cake | 2027-05-05 | FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=5'],
    ['Kuchen jedes Jahr am 5. Mai', 'Kuchen | 2027-05-05 | FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=5'],
    ['Leap every 29 February', 'Leap | 2027-02-28 | FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1'],
    ['Run every Monday from 1 January', 'Run | 2027-01-04 | FREQ=WEEKLY;BYDAY=MO'],
    [
      'Run every day at 18:00 from tomorrow until 31 December',
      'Run | 2026-11-27 18:00 | FREQ=DAILY;UNTIL=20261231',
    ],
    ['Run every day for 10 times', 'Run | 2026-11-26 | FREQ=DAILY;COUNT=10'],
    ['Üben täglich 10 Mal', 'Üben | 2026-11-26 | FREQ=DAILY;COUNT=10'],
    ['Stretch daily', 'Stretch | 2026-11-26 | FREQ=DAILY'],
    ['Sport montags und donnerstags um 18 Uhr', 'Sport | 2026-11-26 18:00 | FREQ=WEEKLY;BYDAY=MO,TH'],
    ['Call every Sunday morning', 'Call | 2026-11-29 09:00 | FREQ=WEEKLY;BYDAY=SU | ~morning'],
  ],
  signs: [
    [
      'Pay rent every 1st at 9 #home !30m p1',
      'Pay rent | 2026-12-01 09:00 | FREQ=MONTHLY;BYMONTHDAY=1 | #Home | urgent | !30 | ~at 9',
    ],
    ['Plant #big garden @two @"three words" p4', 'Plant | #Big Garden | @two | @three words | low'],
    ['Call tomorrow !2h !1d !1w !09:00 !2h', 'Call | 2026-11-27 | !120 | !1440 | !10080 | !09:00'],
    ['Read "Tomorrow and Tomorrow" tomorrow', 'Read Tomorrow and Tomorrow | 2026-11-27'],
    ['„Heute“ lesen morgen', 'Heute lesen | 2026-11-27'],
    ['Tag (@home) and @HOME again', 'Tag and again | @home'],
    ['C# for ada@example.com at P2 level', 'C# for ada@example.com at level | high'],
  ],
  titles: [
    ['Buy milk, bread, tomorrow, and eggs', 'Buy milk, bread, and eggs | 2026-11-27'],
    ['Say hi tomorrow!', 'Say hi! | 2026-11-27'],
    ['Call (tomorrow) now', 'Call now | 2026-11-27'],
    ['  Two  spaces stay  ', 'Two  spaces stay'],
    ['Buy sun-dried fruit for today’s lunch', 'Buy sun-dried fruit for today’s lunch'],
  ],
};

const stays: Record<string, readonly (readonly [text: string, left: string])[]> = {
  'several dates': [
    ['Meet Monday or Tuesday at 9', 'Monday: several-dates | Tuesday: several-dates | at 9: several-dates'],
    ['Montag oder Dienstag', 'Montag: several-dates | Dienstag: several-dates'],
    ['Trip 5 and 6 May', '6 May: several-dates'],
    ['Urlaub vom 5. bis 9. Mai', 'bis 9. Mai: several-dates'],
    ['Meet tomorrow or Friday', 'tomorrow: several-dates | Friday: several-dates'],
    ['Walk every day tomorrow', 'every day: several-dates | tomorrow: several-dates'],
    ['Call in 2 months and 3 days', 'in 2 months: several-dates | 3 days: duration'],
  ],
  'past dates': [
    ['Call yesterday', 'yesterday: past'],
    ['Anrufen vor 3 Tagen', 'vor 3 Tagen: past'],
    ['Report 3 March 2020', '3 March 2020: past'],
    ['Call last Monday', 'last Monday: past'],
    ['Call today at 9', 'today: past | at 9: past'],
    ['Run every day until 3 March 2020', 'every day: several-dates | until 3 March 2020: past'],
  ],
  'rules that are not understood': [
    ['Dance every full moon', 'every: rule-not-understood'],
    ['Buy flowers every blue monday', 'every blue monday: rule-not-understood'],
    ['Check every 8 hours at 9', 'every 8 hours: rule-not-understood | at 9: rule-not-understood'],
    ['Alle Rechnungen am Montag zahlen', 'Alle Rechnungen am Montag: rule-not-understood'],
    ['Run every 1000 days', 'every 1000 days: rule-not-understood'],
  ],
  'words that mean something else': [
    ['Ask April', 'April: ambiguous-word'],
    ['Fix sat nav', 'sat: ambiguous-word'],
    ['Enjoy the sun at 5', 'sun: ambiguous-word'],
    ['Enjoy the sun', 'sun: ambiguous-word'],
    ['You may march', 'may: ambiguous-word | march: ambiguous-word'],
    ['Mar the table', 'Mar: ambiguous-word'],
  ],
  'other times': [
    ['Meditate 20 minutes', '20 minutes: duration'],
    ['Call Bob before Friday', 'Friday: relation'],
    ['Meet at 5 or 6', 'at 5: several-times'],
    ['Take every day at 8 and 20', 'at 8: several-times'],
    ['Take every morning and evening', 'morning: several-times'],
    ['Meet 9am-10am', '9am: several-times | 10am: several-times'],
    ['Walk 30 Feb', '30 Feb: not-a-date'],
    ['Meet Friday, 28 November', 'Friday, 28 November: contradiction'],
  ],
  'what would leave no title': [
    ['tomorrow', 'tomorrow: no-title'],
    ['every day at 9 p1', 'every day: no-title | at 9: no-title'],
    ['#home p1', '#home: no-title | p1: no-title'],
  ],
  signs: [
    ['Go #nowhere', '#nowhere: unknown-project'],
    ['Go #twice', '#twice: ambiguous-project'],
    ['Go p1 p2', 'p2: several-values'],
    ['Go !30m', '!30m: needs-date'],
    [`Go @${'a'.repeat(51)}`, `@${'a'.repeat(51)}: not-allowed`],
  ],
};

const projects = ['Home', 'Big', 'Big Garden', 'Twice', 'twice'];

describe.each(Object.entries(understood))('understands %s', (_, table) => {
  test.each(table)('%s', async (text, summary) => {
    const read = await readerOf();
    expect(summaryOf(text, read(text, projects))).toBe(summary);
  });
});

describe.each(Object.entries(stays))('leaves %s in the title', (_, table) => {
  test.each(table)('%s', async (text, left) => {
    const read = await readerOf();
    const parsed = read(text, projects);
    expect(leftOf(text, parsed)).toBe(left);
    for (const { start, end } of parsed.left) expect(parsed.fields.title).toContain(text.slice(start, end));
  });
});

describe('ordinary texts', () => {
  test.each([
    'Write daily report',
    'Buy 3rd monitor',
    'Do 24/7 support',
    'Update to 1.2.34',
    'Version 3.5 for 10.0.0.1',
    'Preis um 5 Euro senken',
    'Meet at 20% off',
    'So ein Tag',
    'Do laundry',
    '!important and p5',
    'Size 5/6 and 3/4',
  ])('stay as they are: %s', async (text) => {
    const read = await readerOf();
    expect(read(text, projects)).toMatchObject({
      fields: { title: text, due_date: null, rrule: null },
      pieces: [],
    });
  });
});

describe('languages', () => {
  test('are found by what is understood, and the result names them', async () => {
    const read = await readerOf();
    expect(read('Bob anrufen am Montag').language).toBe('de');
    expect(read('Call Bob on Monday').language).toBe('en');
    expect(read('Bob').language).toBe('en');
  });

  test('that are named are read alone', async () => {
    const english = await readerOf('en');
    expect(english('Call Mr Morgen am Montag').pieces).toEqual([]);
  });

  test.each([
    ['es', 'Llamar a Ana mañana a las 9', 'Llamar a Ana | 2026-11-27 09:00'],
    ['fr', 'Appeler Anne demain', 'Appeler Anne | 2026-11-27'],
    ['it', 'Chiamare domani', 'Chiamare | 2026-11-27'],
    ['ja', '明日 会議', '会議 | 2026-11-27'],
    ['nl', 'Bel Anna donderdag', 'Bel Anna | 2026-12-03'],
    ['pt', 'Ligar amanhã @casa', 'Ligar | 2026-11-27 | @casa'],
    ['ru', 'Позвонить завтра', 'Позвонить | 2026-11-27'],
    ['uk', 'Подзвонити завтра', 'Подзвонити | 2026-11-27'],
    ['zh', '明天 开会', '开会 | 2026-11-27'],
  ] as const)('%s is read when it is named', async (language, text, summary) => {
    const read = await readerOf(language);
    expect(summaryOf(text, read(text)).replace(/ \| ~.*/, '')).toBe(summary);
    expect((await readerOf())(text).fields.due_date).toBeNull();
  });
});

test('without a list of projects, any word can be one', async () => {
  const read = await readerOf();
  expect(read('Go #anywhere now')).toMatchObject({ fields: { title: 'Go now', project: 'anywhere' } });
});

// Long runs of what the grammar and the finders look for. A second run is faster than the first, which compiles.
const hostile = [
  'every ',
  '1',
  '1 ',
  '1.',
  '1:',
  'a',
  '@a ',
  '#a ',
  '"',
  '" ',
  '(',
  'in 1 ',
  'monday ',
  '1st, ',
];
const more = ['every 1st and ', 'at 9 ', 'january ', '5 ', '2026-', '1/', '!1m ', 'p1 ', 'every day until '];
const others = [
  '\u{1f600}',
  '\u0301',
  'half past ',
  '-1-1',
  'alle 2 wochen am montag und ',
  '今',
  '日',
  'am pm ',
];

test.each([undefined, ...betaLanguages])('reads hostile texts in bounded time (%s)', async (language) => {
  const read = await readerOf(language);
  const names = Array.from({ length: 500 }, (_, index) => `a${' a'.repeat(index % 20)}`);
  for (const part of [...hostile, ...more, ...others]) {
    const text = part.repeat(maxLength / part.length).slice(0, maxLength / 2);
    const times = [1, 2, 3, 4, 5].map(() => {
      const start = process.cpuUsage();
      read(text, names);
      return process.cpuUsage(start).user / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  }
});

test('refuses texts that are too long', async () => {
  const parse = await loadParser('en');
  expect(() => parse('a'.repeat(maxLength + 1), { localTime: () => '2026-11-26T14:30' })).toThrow(RangeError);
});
