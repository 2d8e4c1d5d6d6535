/** Dates and recurrences in the words that Todoist exports. What is not certain is not read. */
import { parseRule } from '../../recurrence/parse';
import { occurrences } from '../../recurrence/schedule';
import { addDays, isDate } from '../../time/calendar';
import { readSheetTime } from '../sheet';

/** A date in words, as fields of a task. */
export interface ReadWords {
  readonly date: string;
  readonly time: string | null;
  readonly rrule?: string;
  readonly repeatFrom?: 'schedule' | 'completion';
  /** What was assumed, for a warning; undefined if the words are exact. */
  readonly assumed: string | undefined;
}

const maxLength = 200;
const codes = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
type Code = (typeof codes)[number];

// Words of other languages, in the words of English that the grammar knows.
const translations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  de: {
    ...{
      jeden: 'every',
      jede: 'every',
      jedes: 'every',
      alle: 'every',
      täglich: 'daily',
      wöchentlich: 'weekly',
    },
    ...{ monatlich: 'monthly', jährlich: 'yearly', tag: 'day', tage: 'day', woche: 'week', wochen: 'week' },
    ...{
      monat: 'month',
      monate: 'month',
      jahr: 'year',
      jahre: 'year',
      werktag: 'weekday',
      arbeitstag: 'weekday',
    },
    ...{ heute: 'today', morgen: 'tomorrow', um: 'at', und: 'and', letzten: 'last' },
  },
  fr: {
    ...{ chaque: 'every', quotidien: 'daily', jour: 'day', jours: 'day', semaine: 'week', semaines: 'week' },
    ...{ mois: 'month', an: 'year', ans: 'year', année: 'year', à: 'at', et: 'and', demain: 'tomorrow' },
  },
  es: {
    ...{
      cada: 'every',
      día: 'day',
      días: 'day',
      semana: 'week',
      semanas: 'week',
      mes: 'month',
      meses: 'month',
    },
    ...{ año: 'year', años: 'year', hoy: 'today', mañana: 'tomorrow', y: 'and', diario: 'daily' },
  },
  it: {
    ...{ ogni: 'every', giorno: 'day', giorni: 'day', settimana: 'week', settimane: 'week', mese: 'month' },
    ...{ mesi: 'month', anno: 'year', anni: 'year', oggi: 'today', domani: 'tomorrow', e: 'and', alle: 'at' },
  },
  nl: {
    ...{ elke: 'every', elk: 'every', iedere: 'every', dagelijks: 'daily', wekelijks: 'weekly', dag: 'day' },
    ...{
      dagen: 'day',
      week: 'week',
      weken: 'week',
      maand: 'month',
      maanden: 'month',
      jaar: 'year',
      jaren: 'year',
    },
    ...{ vandaag: 'today', morgen: 'tomorrow', om: 'at', en: 'and', werkdag: 'weekday', laatste: 'last' },
  },
  pt: {
    ...{
      cada: 'every',
      todo: 'every',
      toda: 'every',
      dia: 'day',
      dias: 'day',
      semana: 'week',
      semanas: 'week',
    },
    ...{
      mês: 'month',
      meses: 'month',
      ano: 'year',
      anos: 'year',
      hoje: 'today',
      amanhã: 'tomorrow',
      e: 'and',
    },
  },
};

interface Words {
  readonly months: ReadonlyMap<string, number>;
  readonly weekdays: ReadonlyMap<string, Code>;
  readonly others: ReadonlyMap<string, string>;
}

const known = new Map<string, Words>();
const languages: ReadonlySet<string> = new Set(
  'da de en es fi fr it ja ko nb nl pl pt ru sv tr zh'.split(' '),
);

/** The words of a language: the names of months and weekdays in the forms that Intl knows, and those of the table. */
function wordsOf(language: string): Words {
  const [code = ''] = language.toLowerCase().split(/[_-]/, 1);
  const name = languages.has(code) ? code : 'en';
  const found = known.get(name);
  if (found) return found;
  const months = new Map<string, number>();
  const weekdays = new Map<string, Code>();
  const add = <V>(map: Map<string, V>, word: string, value: V) => {
    if (!/^\d/.test(word) && !map.has(word)) map.set(word, value);
  };
  const styles = ['long', 'short'].flatMap((style) =>
    [name, 'en'].map((locale) => [style as 'long', locale] as const),
  );
  for (const [style, locale] of styles) {
    const timeZone = 'UTC';
    const forms = [{ month: style }, { month: style, day: 'numeric' } as const].map(
      (options) => new Intl.DateTimeFormat(locale, { ...options, timeZone }),
    );
    for (let month = 1; month <= 12; month++) {
      for (const form of forms) {
        const parts = form.formatToParts(new Date(Date.UTC(2026, month - 1, 15)));
        add(months, toWord(parts.find(({ type }) => type === 'month')?.value ?? ''), month);
      }
    }
    const form = new Intl.DateTimeFormat(locale, { weekday: style, timeZone });
    // 5 January 2026 is a Monday.
    for (const [index, code] of codes.entries())
      add(weekdays, toWord(form.format(new Date(Date.UTC(2026, 0, 5 + index)))), code);
  }
  for (const [index, word] of ['mon', 'tues', 'weds', 'thurs', 'fri', 'sat', 'sun'].entries())
    weekdays.set(word, codes[index] as Code);
  months.set('sept', 9);
  const words = { months, weekdays, others: new Map(Object.entries(translations[name] ?? {})) };
  known.set(name, words);
  return words;
}

const toWord = (text: string) => text.toLowerCase().replace(/\.$/, '').normalize();

const ordinal = /^(\d{1,2})(?:st|nd|rd|th|\.|er|ª|º|e|ste|de)?$/;
const nth: Readonly<Record<string, number>> = {
  first: 1,
  second: 2,
  third: 3,
  fourth: 4,
  fifth: 5,
  last: -1,
};

const two = (value: number) => String(value).padStart(2, '0');

/** The next date with a day and a month, from a date on; undefined if there is none. */
function nextYearly(month: number, day: number, from: string): string | undefined {
  const year = Number(from.slice(0, 4));
  for (const each of [year, year + 1, year + 2, year + 3, year + 4]) {
    const date = `${each}-${two(month)}-${two(day)}`;
    if (isDate(date) && date >= from) return date;
  }
  return undefined;
}

interface DateWords {
  readonly date: string;
  readonly time: string | null;
  readonly assumed: string | undefined;
}

const noYear = 'has no year, so it is the next such date';

/** A time of day in words, such as `18:30`, `9am` or `6:05 PM`. */
function clockOf(words: readonly string[]): string | undefined {
  const text = words.join(' ').replace(/^at /, '');
  return readSheetTime(
    text.replace(/^(\d{1,2}) ?([ap]m)$/, '$1:00 $2').replace(/(\d)([ap]m)$/, '$1 $2'),
  )?.slice(0, 5);
}

/** Removes a time of day from the end of words. */
function splitClock(words: readonly string[]): { rest: readonly string[]; time: string | null } {
  for (const count of [3, 2, 1]) {
    const last = words.slice(-count);
    const isClock = /^(?:at|\d)/.test(last[0] ?? '') && /[:m]/.test(last.at(-1) ?? '');
    const time = words.length >= count && isClock ? clockOf(last) : undefined;
    if (time !== undefined) return { rest: words.slice(0, -count), time };
  }
  return { rest: words, time: null };
}

/** A date such as `2027-01-05`, `Jan 5`, `5 Jan 2027` or `today`. */
function dayOf(words: readonly string[], { months }: Words, today: string): DateWords | undefined {
  const found = (date: string, assumed?: string) => ({ date, time: null, assumed });
  const [first = '', second = '', year] = words;
  if (words.length === 1) {
    if (isDate(first)) return found(first);
    const [, named, month, day] = /^(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日$/.exec(first) ?? [];
    if (month === undefined) return undefined;
    return dated(named, Number(month), Number(day), today);
  }
  if (words.length < 2 || words.length > 3 || (year !== undefined && !/^\d{4}$/.test(year))) return undefined;
  const isDayFirst = months.has(second);
  const [, day] = ordinal.exec((isDayFirst ? first : second).replace(/,$/, '')) ?? [];
  const month = months.get(isDayFirst ? second : first);
  return day === undefined || month === undefined ? undefined : dated(year, month, Number(day), today);
}

function dated(year: string | undefined, month: number, day: number, today: string): DateWords | undefined {
  const date = year === undefined ? nextYearly(month, day, today) : `${year}-${two(month)}-${two(day)}`;
  if (date === undefined || !isDate(date)) return undefined;
  return { date, time: null, assumed: year === undefined ? noYear : undefined };
}

/** The parts of a rule that the words after "every" name, and the first word that does not belong to them. */
function ruleOf(words: readonly string[], { months, weekdays }: Words): string | undefined {
  let rest = words;
  let interval = 1;
  const [, number] = /^([1-9]\d{0,2})$/.exec(rest[0] ?? '') ?? [];
  if (rest[0] === 'other') [interval, rest] = [2, rest.slice(1)];
  else if (number !== undefined && rest.length > 1 && units.has(rest[1] ?? ''))
    [interval, rest] = [Number(number), rest.slice(1)];
  const every = interval > 1 ? `;INTERVAL=${interval}` : '';
  const [first = ''] = rest;
  const unit = units.get(first);
  if (rest.length === 1 && unit) {
    return unit === 'QUARTER' ? `FREQ=MONTHLY;INTERVAL=${3 * interval}` : `FREQ=${unit}${every}`;
  }
  if (rest.length === 1 && (first === 'weekday' || first === 'workday') && interval === 1)
    return 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR';
  const items = rest
    .join(' ')
    .split(/(?:,| and )+/)
    .map((item) => item.trim());
  const days = items.map((item) => weekdays.get(item));
  if (days.every((day) => day !== undefined)) return `FREQ=WEEKLY${every};BYDAY=${days.join()}`;
  if (interval > 1) return undefined;
  const monthDays = items.map((item) =>
    item === 'last day' ? '-1' : ordinal.exec(item.replace(/ day$/, ''))?.[1],
  );
  if (monthDays.every((day) => day !== undefined)) return `FREQ=MONTHLY;BYMONTHDAY=${monthDays.join()}`;
  const [place = '', weekday = ''] = rest;
  const position = nth[place] ?? Number(ordinal.exec(place)?.[1]);
  const code = weekdays.get(weekday);
  if (rest.length === 2 && code !== undefined && position >= -1 && position <= 5)
    return `FREQ=MONTHLY;BYDAY=${position}${code}`;
  const isMonthFirst = months.has(place);
  const month = months.get(isMonthFirst ? place : weekday);
  const [, day] = ordinal.exec(isMonthFirst ? weekday : place) ?? [];
  return rest.length === 2 && month !== undefined && day !== undefined
    ? `FREQ=YEARLY;BYMONTH=${month};BYMONTHDAY=${Number(day)}`
    : undefined;
}

const units: ReadonlyMap<string, string> = new Map([
  ...['day', 'days'].map((word) => [word, 'DAILY'] as const),
  ...['week', 'weeks'].map((word) => [word, 'WEEKLY'] as const),
  ...['month', 'months'].map((word) => [word, 'MONTHLY'] as const),
  ...['quarter', 'quarters'].map((word) => [word, 'QUARTER'] as const),
  ...['year', 'years'].map((word) => [word, 'YEARLY'] as const),
]);
const adverbs: Readonly<Record<string, string>> = {
  ...{
    daily: 'day',
    weekly: 'week',
    monthly: 'month',
    quarterly: 'quarter',
    yearly: 'year',
    annually: 'year',
  },
};

/** The first date from `from` on that a rule has, without regard to an interval. */
function firstDate(rrule: string, from: string): string | undefined {
  if (!rrule.includes(';BY')) return from;
  const rule = parseRule(rrule.replace(/;INTERVAL=\d+/, ''));
  if (Array.isArray(rule)) return undefined;
  // A series contains its start, whether it matches or not.
  const before = addDays(from, -1);
  return occurrences(rule, before, { after: before, limit: 1 })[0];
}

function recurrenceOf(words: readonly string[], by: Words, today: string): ReadWords | undefined {
  const [keyword = '', ...others] = words;
  const adverb = adverbs[keyword];
  const isEvery = keyword === 'every' || keyword === 'every!' || keyword === 'ev' || keyword === 'ev!';
  if (!isEvery && adverb === undefined) return undefined;
  const at = others.findIndex((word) => word === 'starting' || word === 'from');
  const clocked = splitClock(at < 0 ? others : others.slice(0, at));
  const from = at < 0 ? undefined : dayOf(others.slice(at + 1), by, today);
  if (at >= 0 && !from) return undefined;
  const rrule = ruleOf(adverb === undefined ? clocked.rest : [adverb, ...clocked.rest], by);
  if (rrule === undefined || Array.isArray(parseRule(rrule))) return undefined;
  const date = firstDate(rrule, from?.date ?? today);
  if (date === undefined) return undefined;
  return {
    date,
    time: clocked.time,
    rrule,
    repeatFrom: keyword.endsWith('!') ? 'completion' : 'schedule',
    assumed: 'has no date in the file, so the first one from today on is the due date',
  };
}

/**
 * Reads a date or a recurrence in words; undefined if they are not certain.
 * @param language the language of the words, such as `en`
 * @param today the date in the time zone of the user
 */
export function readTodoistWords(text: string, language: string, today: string): ReadWords | undefined {
  if (text.length > maxLength) return undefined;
  const by = wordsOf(language);
  const words = text
    .toLowerCase()
    .normalize()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => by.others.get(word) ?? word);
  const recurrence = recurrenceOf(words, by, today);
  if (recurrence) return recurrence;
  const [, day, clock] = /^(\d{4}-\d\d-\d\d)t(\d\d:\d\d)(?::\d\d)?$/.exec(words.join(' ')) ?? [];
  if (day !== undefined && clock !== undefined)
    return isDate(day) ? { date: day, time: clock, assumed: undefined } : undefined;
  const { rest, time } = splitClock(words);
  const named = rest.map((word) => word.replace(/(?<=\p{L})\.$/u, '')).filter((word) => word !== 'de');
  const found = dayOf(named, by, today);
  return found && { ...found, time };
}
