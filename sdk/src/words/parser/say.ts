/** This file was generated from src/domain/words/say.ts by npm run generate. Do not change it. */
/** Says recurrence rules in words that the grammar reads back. */
import { toDate } from './day-number.js';
import { fromRrule, type RuleParts, weekend, workdays } from './rule.js';
import type { Language } from './types.js';

/** The words of a language for rules. */
interface Speech {
  readonly weekdays: readonly string[];
  readonly months: readonly string[];
  readonly and: string;
  readonly every: (rule: RuleParts) => string;
  readonly until: string;
  readonly times: (count: number) => string;
}

function list(items: readonly string[], and: string): string {
  return items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} ${and} ${items.at(-1)}`;
}

const formatted = (locale: string, options: Intl.DateTimeFormatOptions, dates: readonly number[]) => {
  const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
  return dates.map((date) => format.format(date));
};
// 5 January 1970 was a Monday.
const weekdaysOf = (locale: string) =>
  formatted(
    locale,
    { weekday: 'long' },
    [5, 6, 7, 8, 9, 10, 11].map((day) => Date.UTC(1970, 0, day)),
  );
const monthsOf = (locale: string) =>
  formatted(
    locale,
    { month: 'long' },
    Array.from({ length: 12 }, (_, month) => Date.UTC(1970, month)),
  );

function englishOrdinal(day: number): string {
  if (day === -1) return 'last day';
  const suffix = day % 100 > 10 && day % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th');
  return `${day}${suffix}`;
}

function everyEnglish(rule: RuleParts): string {
  const { frequency, interval, weekdays, position, monthDays, month } = rule;
  const unit = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' }[frequency];
  const every = interval === 1 ? `every ${unit}` : `every ${interval} ${unit}s`;
  if (weekdays.length > 0) {
    const kind =
      weekdays.join() === workdays.join() ? 'weekday' : weekdays.join() === weekend.join() ? 'weekend' : null;
    const names =
      kind ??
      list(
        weekdays.map((day) => english.weekdays[day] as string),
        english.and,
      );
    if (position === null) return interval === 1 ? `every ${names}` : `${every} on ${names}`;
    const nth = ['last', '', 'first', 'second', 'third', 'fourth'][position + 1];
    return interval === 1 ? `every ${nth} ${names} of the month` : `${every} on the ${nth} ${names}`;
  }
  if (month !== null) {
    const date = `${monthDays[0]} ${english.months[month - 1]}`;
    return interval === 1 ? `every ${date}` : `${every} on ${date}`;
  }
  if (monthDays.length === 0) return every;
  // The last day has a negative number and is said last.
  const days = list(
    [...monthDays.filter((day) => day > 0), ...monthDays.filter((day) => day < 0)].map(englishOrdinal),
    'and',
  );
  return interval === 1 ? `every ${days}` : `${every} on the ${days}`;
}

function everyGerman(rule: RuleParts): string {
  const { frequency, interval, weekdays, position, monthDays, month } = rule;
  const one = { DAILY: 'jeden Tag', WEEKLY: 'jede Woche', MONTHLY: 'jeden Monat', YEARLY: 'jedes Jahr' }[
    frequency
  ];
  const many = { DAILY: 'Tage', WEEKLY: 'Wochen', MONTHLY: 'Monate', YEARLY: 'Jahre' }[frequency];
  const every = interval === 1 ? one : `alle ${interval} ${many}`;
  if (weekdays.length > 0) {
    const isWeekend = weekdays.join() === weekend.join();
    const kind = weekdays.join() === workdays.join() ? 'Werktag' : isWeekend ? 'Wochenende' : null;
    const names =
      kind ??
      list(
        weekdays.map((day) => german.weekdays[day] as string),
        german.and,
      );
    if (position === null) {
      return interval === 1 ? `${isWeekend ? 'jedes' : 'jeden'} ${names}` : `${every} am ${names}`;
    }
    const nth = ['letzten', '', 'ersten', 'zweiten', 'dritten', 'vierten'][position + 1];
    return interval === 1 ? `jeden ${nth} ${names} im Monat` : `${every} am ${nth} ${names}`;
  }
  if (month !== null) {
    const date = `${monthDays[0]}. ${german.months[month - 1]}`;
    return interval === 1 ? `jeden ${date}` : `${every} am ${date}`;
  }
  if (monthDays.length === 0) return every;
  const ordinals = [...monthDays.filter((day) => day > 0), ...monthDays.filter((day) => day < 0)].map(
    (day) => (day === -1 ? 'letzten Tag' : `${day}.`),
  );
  const days = list(ordinals, german.and);
  return interval === 1
    ? `jeden ${days}${ordinals.at(-1) === 'letzten Tag' ? ' des Monats' : ''}`
    : `${every} am ${days}`;
}

const english: Speech = {
  weekdays: weekdaysOf('en'),
  months: monthsOf('en'),
  and: 'and',
  every: everyEnglish,
  until: 'until',
  times: (count) => `for ${count} times`,
};
const german: Speech = {
  weekdays: weekdaysOf('de'),
  months: monthsOf('de'),
  and: 'und',
  every: everyGerman,
  until: 'bis',
  times: (count) => `${count} Mal`,
};

/**
 * A valid RRULE in words, such as `every Monday until 31 December 2027`.
 * @returns null if there are no words for the rule
 */
export function sayRule(
  rrule: string,
  language: Language,
  repeatFrom: 'schedule' | 'completion' = 'schedule',
): string | null {
  const rule = fromRrule(rrule);
  if (!rule) return null;
  const speech = { en: english, de: german }[language];
  const every = speech.every(rule);
  const counted = repeatFrom === 'completion' ? every.replace(' ', '! ') : every;
  if (rule.count !== null) return `${counted} ${speech.times(rule.count)}`;
  if (rule.until === null) return counted;
  const [year, month, day] = toDate(rule.until).split('-').map(Number);
  const dot = language === 'de' ? '.' : '';
  return `${counted} ${speech.until} ${day}${dot} ${speech.months[(month as number) - 1]} ${year}`;
}
