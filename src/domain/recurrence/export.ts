/** Recurrence rules for other calendar programs (RFC 5545, section 3.3.10). */
import { toInstant } from '../time/calendar';
import { toDay } from './day-number';
import { daysFrom } from './days';
import { ALL_MONTHS, explicitParts } from './explicit';
import { partsOf } from './point';
import { type DayParts, dayPartsOf, type Rule, WEEKDAYS } from './rule';
import { ALL_DAY, type DueClock, lastDate, lastLocalTime, lastPoint } from './schedule';

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

/** UNTIL with the last point of a series. */
function untilOfSeries(rule: Rule, start: string, clock: DueClock): string[] {
  const { date, time } = partsOf(lastPoint(rule, start, clock));
  return [`UNTIL=${untilText(date, time === null ? clock : { ...clock, time })}`];
}

/** The part of a rule that ends a series: UNTIL, COUNT, or none. */
function endOf(rule: Rule, parts: DayParts, start: string, clock: DueClock): string[] {
  if (rule.frequency === 'HOURLY' && rule.until !== null) {
    const { date, time } = partsOf(lastLocalTime(rule.until, clock));
    return [`UNTIL=${untilText(date, { ...clock, time })}`];
  }
  const until = lastDate(rule, clock);
  if (until !== null) return [`UNTIL=${untilText(until, clock)}`];
  if (rule.count === null) return [];
  const first = toDay(start.slice(0, 10));
  if (rule.frequency !== 'HOURLY' && daysFrom(parts, first, first).next().value === first) {
    return [`COUNT=${rule.count}`];
  }
  // If the rule does not match the start, some programs count the start and others do not.
  return untilOfSeries(rule, start, clock);
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
  const parts = explicitParts(dayPartsOf(rule), start);
  const list = (name: string, values: readonly (number | string)[]) =>
    values.length > 0 ? [`${name}=${values.join()}`] : [];
  return [
    `FREQ=${rule.frequency}`,
    ...(rule.interval > 1 ? [`INTERVAL=${rule.interval}`] : []),
    ...endOf(rule, parts, start, clock),
    ...list('BYMONTH', monthsOf(parts)),
    ...list('BYMONTHDAY', parts.byMonthDay),
    ...list(
      'BYDAY',
      parts.byDay.map(({ ordinal, weekday }) => `${ordinal ?? ''}${WEEKDAYS[weekday]}`),
    ),
    ...list('BYHOUR', rule.byHour),
    ...list('BYSETPOS', parts.bySetPos),
    ...(parts.weekStart > 0 ? [`WKST=${WEEKDAYS[parts.weekStart]}`] : []),
  ].join(';');
}
