/** Recurrence rules for other calendar programs (RFC 5545, section 3.3.10). */
import { toInstant } from '../time/calendar';
import { toDate, toDay } from './day-number';
import { daysFrom } from './days';
import { ALL_MONTHS, explicitParts } from './explicit';
import { type DayParts, type Rule, WEEKDAYS } from './rule';
import { ALL_DAY, type DueClock, lastDate, seriesFrom } from './schedule';

const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59);

/** UNTIL in the form that matches DTSTART: a date, a local time for floating time, otherwise a time in UTC. */
function untilText(date: string, { time, zone }: DueClock): string {
  const compact = (text: string) => text.replace(/[-:]|\.\d+/g, '');
  if (time === null) return compact(date);
  if (zone === null) return compact(`${date}T${time}:00`);
  const instant = Math.min(toInstant(date, time, zone).getTime(), LAST_INSTANT);
  return compact(new Date(instant).toISOString());
}

/** The value of an RRULE without changes, except that UNTIL gets the form that matches a DTSTART with this clock. */
export function exportAsWritten(text: string, rule: Rule, clock: DueClock): string {
  const until = lastDate(rule, clock);
  const written = text.toUpperCase();
  return until === null ? written : written.replace(/UNTIL=[^;]+/, `UNTIL=${untilText(until, clock)}`);
}

/** The part of a rule that ends a series: UNTIL, COUNT, or none. */
function endOf(rule: Rule, parts: DayParts, start: string, clock: DueClock): string[] {
  const until = lastDate(rule, clock);
  if (until !== null) return [`UNTIL=${untilText(until, clock)}`];
  if (rule.count === null) return [];
  const first = toDay(start);
  if (daysFrom(parts, first, first).next().value === first) return [`COUNT=${rule.count}`];
  // If the rule does not match the start, some programs count the start and others do not.
  let last = first;
  for (const day of seriesFrom(rule, start, first, clock)) last = day;
  return [`UNTIL=${untilText(toDate(last), clock)}`];
}

/** The months of a rule. A yearly rule with BYMONTHDAY gets an explicit BYMONTH, because programs differ without it. */
function monthsOf({ frequency, byMonth, byMonthDay, byDay }: DayParts): readonly number[] {
  const isOpen = frequency === 'YEARLY' && byMonth.length === 0 && byMonthDay.length > 0;
  return isOpen && byDay.every(({ ordinal }) => ordinal === null) ? ALL_MONTHS : byMonth;
}

/**
 * The value of RRULE with which other programs compute the same dates from the same start. It names everything that
 * Tasklane takes from the start. UNTIL has the form that matches a DTSTART with this clock. COUNT becomes UNTIL if the
 * rule does not match the start.
 */
export function exportRule(rule: Rule, start: string, clock: DueClock = ALL_DAY): string {
  const parts = explicitParts(rule, start);
  const list = (name: string, values: readonly (number | string)[]) =>
    values.length > 0 ? [`${name}=${values.join()}`] : [];
  return [
    `FREQ=${parts.frequency}`,
    ...(parts.interval > 1 ? [`INTERVAL=${parts.interval}`] : []),
    ...endOf(rule, parts, start, clock),
    ...list('BYMONTH', monthsOf(parts)),
    ...list('BYMONTHDAY', parts.byMonthDay),
    ...list(
      'BYDAY',
      parts.byDay.map(({ ordinal, weekday }) => `${ordinal ?? ''}${WEEKDAYS[weekday]}`),
    ),
    ...list('BYSETPOS', parts.bySetPos),
    ...(parts.weekStart > 0 ? [`WKST=${WEEKDAYS[parts.weekStart]}`] : []),
  ].join(';');
}
