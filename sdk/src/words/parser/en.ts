/** This file was generated from src/domain/words/en.ts by npm run generate. Do not change it. */
/** The English words. */
import { ruleOf, workdays } from './rule.js';
import { named, numbered, phrases, type Vocabulary, valued } from './vocabulary.js';

const morning = { minutes: 9 * 60, isAfternoon: false };
const afternoon = { minutes: 15 * 60, isAfternoon: true };
const evening = { minutes: 19 * 60, isAfternoon: true };
const night = { minutes: 20 * 60, isAfternoon: true };

export const en: Vocabulary = {
  on: phrases('on|by|due|due on|due by|until|till'),
  the: phrases('the'),
  days: valued([
    ['today', 0],
    ['tomorrow|tmr|tmrw', 1],
    ['day after tomorrow', 2],
  ]),
  tonight: valued([['tonight', night.minutes]]),
  past: phrases('yesterday|day before yesterday'),
  next: phrases('next'),
  this: phrases('this|this coming|coming'),
  last: phrases('last'),
  in: phrases('in'),
  before: phrases(''),
  ago: phrases('ago'),
  relations: ['before', 'after', 'since', 'except'],
  numbers: { a: 1, an: 1, ...numbered(1, 'one two three four five six seven eight nine ten eleven twelve') },
  ordinals: { ...numbered(1, 'first second third fourth fifth'), last: -1 },
  ordinalSuffixes: ['st', 'nd', 'rd', 'th'],
  units: named({
    minute: 'minute minutes min mins',
    hour: 'hour hours hr hrs',
    day: 'day days',
    week: 'week weeks',
    month: 'month months',
    quarter: 'quarter quarters',
    year: 'year years',
  }),
  weekdays: numbered(
    0,
    'monday|mon tuesday|tue|tues wednesday|wed thursday|thu|thur|thurs friday|fri saturday sunday',
  ),
  shortWeekdays: { sat: 5, sun: 6 },
  ambiguous: ['sat', 'sun'],
  pluralWeekdays: numbered(0, 'mondays tuesdays wednesdays thursdays fridays saturdays sundays'),
  months: numbered(
    1,
    'january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct november|nov december|dec',
  ),
  of: phrases('of'),
  weekend: phrases('weekend'),
  monthEnd: phrases('end of the month|end of month|last day of the month|last day of this month'),
  at: phrases('at|@'),
  hourSuffixes: valued<boolean | null>([
    ['am|a . m .|a . m', false],
    ['pm|p . m .|p . m', true],
    ["o'clock", null],
  ]),
  offsets: valued([
    ['half past', 30],
    ['quarter past|a quarter past', 15],
    ['quarter to|a quarter to', -15],
  ]),
  noon: phrases('noon|midday'),
  parts: valued([
    ['in the morning', morning],
    ['in the afternoon', afternoon],
    ['in the evening', evening],
    ['at night', night],
  ]),
  partsOfDays: valued([
    ['morning', morning],
    ['afternoon', afternoon],
    ['evening', evening],
    ['night', night],
  ]),
  quantities: [
    'percent',
    '%',
    'dollars',
    'dollar',
    'euros',
    'euro',
    'pounds',
    'people',
    'times',
    'km',
    'miles',
    'kg',
    '€',
    '$',
    '£',
  ],
  monthFirst: true,

  every: phrases('every|each'),
  other: phrases('other'),
  workday: phrases('weekday|weekdays|workday|workdays|working day|business day'),
  and: [',', 'and', '&', '+'],
  or: ['or'],
  to: ['to', 'until', 'till'],
  ofMonth: phrases('of the month|of each month|of every month|in the month'),
  lastDay: phrases('last day'),
  inRule: phrases('on|on the'),
  from: phrases('from|starting|starting on|starting from|beginning|beginning on'),
  until: phrases('until|till|ending|ending on'),
  for: phrases('for'),
  times: phrases('times|time'),
  adverbs: valued([
    ['daily', ruleOf({ frequency: 'DAILY' })],
    ['weekly', ruleOf({ frequency: 'WEEKLY' })],
    ['monthly', ruleOf({ frequency: 'MONTHLY' })],
    ['yearly|annually', ruleOf({ frequency: 'YEARLY' })],
    ['on weekdays|weekdays', ruleOf({ frequency: 'WEEKLY', weekdays: workdays })],
  ]),
  adverbsAtEnd: true,
};
