import {
  advance,
  type Completion,
  type DueClock,
  lastDate,
  nextDate,
  occurrences,
} from '../../../src/domain/recurrence/schedule';
import { ruleOf } from './support';

const dates = (rule: string, start: string, limit: number, clock?: DueClock) =>
  occurrences(ruleOf(rule), start, { limit, ...(clock && { clock }) });

const newYork: DueClock = { time: '09:00', zone: 'America/New_York' };

// The examples of RFC 5545, section 3.8.5.3.
test.each([
  ['FREQ=DAILY;COUNT=10', '1997-09-02', '1997-09: 02 03 04 05 06 07 08 09 10 11'],
  ['FREQ=DAILY;INTERVAL=10;COUNT=5', '1997-09-02', '1997-09: 02 12 22; 1997-10: 02 12'],
  [
    'FREQ=WEEKLY;UNTIL=19971224T000000Z',
    '1997-09-02',
    '1997-09: 02 09 16 23 30; 1997-10: 07 14 21 28; 1997-11: 04 11 18 25; 1997-12: 02 09 16 23',
  ],
  [
    'FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR',
    '1997-09-01',
    '1997-09: 01 03 05 15 17 19 29; 1997-10: 01 03 13 15 17 27 29 31; 1997-11: 10 12 14 24 26 28; 1997-12: 08 10 12 22',
  ],
  [
    'FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH',
    '1997-09-02',
    '1997-09: 02 04 16 18 30; 1997-10: 02 14 16',
  ],
  [
    'FREQ=MONTHLY;COUNT=10;BYDAY=1FR',
    '1997-09-05',
    '1997-09: 05; 1997-10: 03; 1997-11: 07; 1997-12: 05; 1998-01: 02; 1998-02: 06; 1998-03: 06; 1998-04: 03; 1998-05: 01; 1998-06: 05',
  ],
  [
    'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
    '1997-09-07',
    '1997-09: 07 28; 1997-11: 02 30; 1998-01: 04 25; 1998-03: 01 29; 1998-05: 03 31',
  ],
  [
    'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO',
    '1997-09-22',
    '1997-09: 22; 1997-10: 20; 1997-11: 17; 1997-12: 22; 1998-01: 19; 1998-02: 16',
  ],
  [
    'FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=6',
    '1997-09-28',
    '1997-09: 28; 1997-10: 29; 1997-11: 28; 1997-12: 29; 1998-01: 29; 1998-02: 26',
  ],
  [
    'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1',
    '1997-09-30',
    '1997-09: 30; 1997-10: 01 31; 1997-11: 01 30; 1997-12: 01 31; 1998-01: 01 31; 1998-02: 01',
  ],
  [
    'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15',
    '1997-09-10',
    '1997-09: 10 11 12 13 14 15; 1999-03: 10 11 12 13',
  ],
  [
    'FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3',
    '1997-03-10',
    '1997-03: 10; 1999-01: 10; 1999-02: 10; 1999-03: 10; 2001-01: 10; 2001-02: 10; 2001-03: 10; 2003-01: 10; 2003-02: 10; 2003-03: 10',
  ],
  ['FREQ=YEARLY;BYDAY=20MO;COUNT=3', '1997-05-19', '1997-05: 19; 1998-05: 18; 1999-05: 17'],
  [
    'FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=11',
    '1997-03-13',
    '1997-03: 13 20 27; 1998-03: 05 12 19 26; 1999-03: 04 11 18 25',
  ],
  [
    'FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13;COUNT=6',
    '1997-09-13',
    '1997-09: 13; 1997-10: 11; 1997-11: 08; 1997-12: 13; 1998-01: 10; 1998-02: 07',
  ],
  [
    'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3',
    '1996-11-05',
    '1996-11: 05; 2000-11: 07; 2004-11: 02',
  ],
  ['FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09-04', '1997-09: 04; 1997-10: 07; 1997-11: 06'],
  [
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=7',
    '1997-09-29',
    '1997-09: 29; 1997-10: 30; 1997-11: 27; 1997-12: 30; 1998-01: 29; 1998-02: 26; 1998-03: 30',
  ],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO', '1997-08-05', '1997-08: 05 10 19 24'],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU', '1997-08-05', '1997-08: 05 17 19 31'],
  ['FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5', '2007-01-15', '2007-01: 15 30; 2007-02: 15; 2007-03: 15 30'],
])('%s from %s', (rule, start, listed) => {
  const expected = listed.split('; ').flatMap((line) => {
    const [month, days = ''] = line.split(': ');
    return days.split(' ').map((day) => `${month}-${day}`);
  });

  expect(dates(rule, start, 100, newYork)).toEqual(expected);
});

describe('days that follow from the start date', () => {
  test.each([
    ['FREQ=MONTHLY', '2026-01-31', ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31']],
    ['FREQ=MONTHLY', '2027-12-30', ['2027-12-30', '2028-01-30', '2028-02-29', '2028-03-30', '2028-04-30']],
    ['FREQ=MONTHLY', '2026-01-29', ['2026-01-29', '2026-02-28', '2026-03-29', '2026-04-29', '2026-05-29']],
    ['FREQ=MONTHLY', '2026-01-28', ['2026-01-28', '2026-02-28', '2026-03-28', '2026-04-28', '2026-05-28']],
    ['FREQ=MONTHLY;INTERVAL=3', '2026-08-31', ['2026-08-31', '2026-11-30', '2027-02-28', '2027-05-31']],
    ['FREQ=MONTHLY;BYMONTH=2,4', '2026-02-28', ['2026-02-28', '2026-04-28', '2027-02-28', '2027-04-28']],
    ['FREQ=MONTHLY;BYMONTH=2,4', '2026-04-30', ['2026-04-30', '2027-02-28', '2027-04-30', '2028-02-29']],
    [
      'FREQ=MONTHLY;BYMONTH=1,2;BYSETPOS=-1',
      '2026-01-30',
      ['2026-01-30', '2026-02-28', '2027-01-30', '2027-02-28'],
    ],
    ['FREQ=YEARLY', '2024-02-29', ['2024-02-29', '2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29']],
    ['FREQ=YEARLY;INTERVAL=50', '2000-02-29', ['2000-02-29', '2050-02-28', '2100-02-28', '2150-02-28']],
    ['FREQ=YEARLY', '2026-01-31', ['2026-01-31', '2027-01-31', '2028-01-31']],
    ['FREQ=YEARLY;BYMONTH=4,1,2', '2026-01-31', ['2026-01-31', '2026-02-28', '2026-04-30', '2027-01-31']],
    [
      'FREQ=YEARLY;INTERVAL=2;BYMONTH=3,1,2',
      '2026-01-30',
      ['2026-01-30', '2026-02-28', '2026-03-30', '2028-01-30', '2028-02-29', '2028-03-30', '2030-01-30'],
    ],
    [
      'FREQ=YEARLY;BYMONTH=2,3,4;BYSETPOS=1,-1',
      '2026-04-29',
      ['2026-04-29', '2027-02-28', '2027-04-29', '2028-02-29'],
    ],
    [
      'FREQ=YEARLY;BYMONTH=1,2,3;BYSETPOS=2',
      '2026-01-30',
      ['2026-01-30', '2026-02-28', '2027-02-28', '2028-02-29'],
    ],
    ['FREQ=WEEKLY;INTERVAL=2', '2026-11-19', ['2026-11-19', '2026-12-03', '2026-12-17']],
  ])('%s from %s is in every month', (rule, start, expected) => {
    expect(dates(rule, start, expected.length)).toEqual(expected);
  });

  test.each([
    ['FREQ=MONTHLY;BYMONTHDAY=31', '2026-01-31', ['2026-01-31', '2026-03-31', '2026-05-31', '2026-07-31']],
    ['FREQ=MONTHLY;BYMONTHDAY=30', '2026-01-30', ['2026-01-30', '2026-03-30', '2026-04-30']],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', '2024-02-29', ['2024-02-29', '2028-02-29', '2032-02-29']],
    [
      'FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29',
      '2100-03-01',
      ['2100-03-01', '2400-02-29', '2800-02-29'],
    ],
    ['FREQ=MONTHLY;BYMONTHDAY=-31', '2026-01-01', ['2026-01-01', '2026-03-01', '2026-05-01']],
  ])('%s from %s skips the months that lack the day', (rule, start, expected) => {
    expect(dates(rule, start, expected.length)).toEqual(expected);
  });
});

// Two libraries for RFC 5545 get these wrong: they ignore BYMONTHDAY, or the weekdays without a number.
test.each([
  [
    'FREQ=YEARLY;BYMONTHDAY=24,25;BYDAY=MO,-1SU',
    '2027-01-25',
    [
      '2027-01-25',
      '2027-05-24',
      '2027-10-25',
      '2028-01-24',
      '2028-04-24',
      '2028-07-24',
      '2028-09-25',
      '2028-12-25',
    ],
  ],
  [
    'FREQ=YEARLY;BYDAY=1MO,WE;BYMONTHDAY=4',
    '2026-01-01',
    ['2026-01-01', '2026-02-04', '2026-03-04', '2026-11-04'],
  ],
  ['FREQ=MONTHLY;BYDAY=1TH,SU', '2026-11-01', ['2026-11-01', '2026-11-05', '2026-11-08', '2026-11-15']],
  ['FREQ=MONTHLY;BYMONTHDAY=9,12;BYSETPOS=-5,2', '2026-11-12', ['2026-11-12', '2026-12-12', '2027-01-12']],
])('%s from %s gives its dates, with weekdays of several kinds', (rule, start, expected) => {
  expect(dates(rule, start, expected.length)).toEqual(expected);
});

describe('a start that does not match the rule', () => {
  test('is the first date, and counts towards COUNT', () => {
    expect(dates('FREQ=WEEKLY;BYDAY=MO;COUNT=3', '2026-11-19', 10)).toEqual([
      '2026-11-19',
      '2026-11-23',
      '2026-11-30',
    ]);
  });

  test('is in the first week of the INTERVAL', () => {
    expect(dates('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO', '2026-11-19', 3)).toEqual([
      '2026-11-19',
      '2026-11-30',
      '2026-12-14',
    ]);
  });
});

describe('the end', () => {
  test.each([
    ['FREQ=DAILY;COUNT=1', ['2026-11-19']],
    ['FREQ=DAILY;COUNT=3', ['2026-11-19', '2026-11-20', '2026-11-21']],
    ['FREQ=DAILY;UNTIL=20261120', ['2026-11-19', '2026-11-20']],
    ['FREQ=DAILY;UNTIL=20261119', ['2026-11-19']],
    ['FREQ=DAILY;UNTIL=20261118', []],
  ])('of %s', (rule, expected) => {
    expect(dates(rule, '2026-11-19', 10)).toEqual(expected);
    expect(nextDate(ruleOf(rule), '2026-11-19', expected.at(-1) ?? '2026-11-18')).toBeNull();
  });

  test('by COUNT is counted from the start', () => {
    // 9,998 weeks later.
    const rule = ruleOf('FREQ=MONTHLY;BYDAY=FR;COUNT=9999');

    expect(nextDate(rule, '1900-01-05', '2091-08-10')).toBe('2091-08-17');
    expect(occurrences(rule, '1900-01-05', { after: '2091-08-10', limit: 100 })).toEqual(['2091-08-17']);
  });

  test('of every series is in the year 9999', () => {
    expect(dates('FREQ=YEARLY;INTERVAL=999', '9000-06-01', 3)).toEqual(['9000-06-01', '9999-06-01']);
    expect(dates('FREQ=DAILY', '9999-12-30', 3)).toEqual(['9999-12-30', '9999-12-31']);
    expect(dates('FREQ=WEEKLY', '9999-12-24', 3)).toEqual(['9999-12-24', '9999-12-31']);
  });

  test('is found quickly if the interval never meets the days', () => {
    expect(dates('FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29', '2025-03-01', 3)).toEqual(['2025-03-01']);
    expect(dates('FREQ=DAILY;INTERVAL=14;BYDAY=TU', '2026-11-18', 3)).toEqual(['2026-11-18']);
    expect(dates('FREQ=MONTHLY;INTERVAL=12;BYMONTH=1', '2026-11-18', 3)).toEqual(['2026-11-18']);
  });
});

describe('UNTIL as an instant', () => {
  const rule = ruleOf('FREQ=DAILY;UNTIL=20261121T010000Z');

  test.each([
    [{ time: null, zone: null }, '2026-11-21'],
    [{ time: '09:00', zone: null }, '2026-11-21'],
    [{ time: null, zone: 'America/New_York' }, '2026-11-20'],
    [{ time: null, zone: 'Asia/Tokyo' }, '2026-11-21'],
    [{ time: '20:00', zone: 'America/New_York' }, '2026-11-20'],
    [{ time: '20:01', zone: 'America/New_York' }, '2026-11-19'],
    [{ time: '10:00', zone: 'Asia/Tokyo' }, '2026-11-21'],
    [{ time: '10:01', zone: 'Asia/Tokyo' }, '2026-11-20'],
    [{ time: '15:00', zone: 'Pacific/Kiritimati' }, '2026-11-21'],
    [{ time: '14:01', zone: 'Pacific/Pago_Pago' }, '2026-11-19'],
  ])('ends a series of %j with %s', (clock, expected) => {
    expect(lastDate(rule, clock)).toBe(expected);
    expect(dates(rule.text, '2026-11-15', 100, clock).at(-1)).toBe(expected);
  });

  test('is compared with the first of two instants at the same clock time', () => {
    // Clocks in Newfoundland went from 00:01 on the 7th back to 23:01 on the 6th.
    const until = ruleOf('FREQ=DAILY;UNTIL=20101107T023030Z');

    expect(lastDate(until, { time: '00:00', zone: 'America/St_Johns' })).toBe('2010-11-07');
    expect(lastDate(until, { time: '23:30', zone: 'America/St_Johns' })).toBe('2010-11-06');
    // At this instant, clocks show 23:30 on the 6th for the second time.
    const later = ruleOf('FREQ=DAILY;UNTIL=20101107T030000Z');
    expect(lastDate(later, { time: '00:00', zone: 'America/St_Johns' })).toBe('2010-11-07');
  });
});

describe('a preview', () => {
  test('starts after a date', () => {
    const rule = ruleOf('FREQ=WEEKLY;BYDAY=MO,TH');

    expect(occurrences(rule, '2026-11-19', { after: '2026-11-19', limit: 2 })).toEqual([
      '2026-11-23',
      '2026-11-26',
    ]);
    expect(occurrences(rule, '2026-11-19', { after: '2020-01-01', limit: 2 })).toEqual([
      '2026-11-19',
      '2026-11-23',
    ]);
  });

  test('has 1 to 100 dates', () => {
    const rule = ruleOf('FREQ=DAILY');

    expect(occurrences(rule, '2026-11-19', { limit: 100 })).toHaveLength(100);
    for (const limit of [0, 101, Number.NaN]) {
      expect(() => occurrences(rule, '2026-11-19', { limit })).toThrow(RangeError);
    }
  });
});

describe('a completed task', () => {
  const advanced = (rule: string, completion: Omit<Completion, 'rule'>) =>
    advance({ rule: ruleOf(rule), ...completion });

  test.each([
    // [rule, start, due, completed, next]
    ['FREQ=DAILY', '2026-11-01', '2026-11-19', '2026-11-19', '2026-11-20'],
    ['FREQ=DAILY', '2026-11-01', '2026-11-10', '2026-11-19', '2026-11-20'],
    ['FREQ=DAILY', '2026-11-01', '2026-11-19', '2026-11-12', '2026-11-20'],
    ['FREQ=WEEKLY;BYDAY=MO', '2026-11-02', '2026-11-02', '2026-11-22', '2026-11-23'],
    ['FREQ=WEEKLY;BYDAY=MO', '2026-11-02', '2026-11-02', '2026-11-23', '2026-11-30'],
    ['FREQ=WEEKLY;INTERVAL=2', '2026-11-02', '2026-11-02', '2026-11-20', '2026-11-30'],
    ['FREQ=WEEKLY;BYDAY=MO', '2026-11-19', '2026-11-19', '2026-11-18', '2026-11-23'],
    ['FREQ=MONTHLY', '2026-01-31', '2026-02-28', '2026-02-28', '2026-03-31'],
    ['FREQ=MONTHLY', '2026-01-31', '2026-01-31', '2026-04-29', '2026-04-30'],
    ['FREQ=DAILY;COUNT=3', '2026-11-01', '2026-11-02', '2026-11-02', '2026-11-03'],
    ['FREQ=DAILY;COUNT=3', '2026-11-01', '2026-11-03', '2026-11-02', null],
    ['FREQ=DAILY;COUNT=3', '2026-11-01', '2026-11-01', '2026-11-03', null],
    ['FREQ=WEEKLY;BYDAY=MO;COUNT=2', '2026-11-19', '2026-11-23', '2026-11-23', null],
    ['FREQ=DAILY;UNTIL=20261103', '2026-11-01', '2026-11-02', '2026-11-02', '2026-11-03'],
    ['FREQ=DAILY;UNTIL=20261103', '2026-11-01', '2026-11-03', '2026-11-03', null],
  ])('by its schedule: %s from %s, due %s, completed %s', (rule, start, due, completedOn, expected) => {
    const completion = { repeatFrom: 'schedule', start, due, completedOn, completions: 9 } as const;

    expect(advanced(rule, completion)).toBe(expected);
  });

  test.each([
    // [rule, due, completed, completions, next]
    ['FREQ=DAILY;INTERVAL=3', '2026-11-10', '2026-11-19', 1, '2026-11-22'],
    ['FREQ=DAILY;INTERVAL=3', '2026-11-21', '2026-11-19', 1, '2026-11-22'],
    ['FREQ=WEEKLY;INTERVAL=2', '2026-11-10', '2026-11-19', 1, '2026-12-03'],
    ['FREQ=WEEKLY;BYDAY=MO', '2026-11-10', '2026-11-19', 1, '2026-11-23'],
    ['FREQ=WEEKLY;BYDAY=MO', '2026-11-10', '2026-11-23', 1, '2026-11-30'],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO', '2026-11-10', '2026-11-19', 1, '2026-11-30'],
    ['FREQ=MONTHLY', '2026-01-10', '2026-01-31', 1, '2026-02-28'],
    ['FREQ=MONTHLY;BYMONTHDAY=31', '2026-01-10', '2026-02-01', 1, '2026-03-31'],
    ['FREQ=YEARLY', '2028-02-01', '2028-02-29', 1, '2029-02-28'],
    ['FREQ=DAILY;COUNT=3', '2026-11-10', '2026-11-19', 2, '2026-11-20'],
    ['FREQ=DAILY;COUNT=3', '2026-11-10', '2026-11-19', 3, null],
    ['FREQ=DAILY;COUNT=3', '2026-11-10', '2026-11-19', 4, null],
    ['FREQ=DAILY;UNTIL=20261120', '2026-11-10', '2026-11-19', 1, '2026-11-20'],
    ['FREQ=DAILY;UNTIL=20261120', '2026-11-10', '2026-11-20', 1, null],
    ['FREQ=DAILY;UNTIL=20261120', '2026-11-10', '2026-11-29', 1, null],
  ])(
    'from its completion: %s, due %s, completed %s for time %i',
    (rule, due, completedOn, completions, expected) => {
      const completion = {
        repeatFrom: 'completion',
        start: '2025-01-07',
        due,
        completedOn,
        completions,
      } as const;

      expect(advanced(rule, completion)).toBe(expected);
    },
  );

  test('ends when its due time is past UNTIL', () => {
    const completion = {
      start: '2026-11-01',
      due: '2026-11-19',
      completedOn: '2026-11-19',
      completions: 1,
      clock: { time: '20:01', zone: 'America/New_York' },
    };

    for (const repeatFrom of ['schedule', 'completion'] as const) {
      expect(advanced('FREQ=DAILY;UNTIL=20261121T010000Z', { ...completion, repeatFrom })).toBeNull();
      expect(advanced('FREQ=DAILY;UNTIL=20261121T010100Z', { ...completion, repeatFrom })).toBe('2026-11-20');
    }
  });
});
