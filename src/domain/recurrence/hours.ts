/** The hours that match an hourly rule (RFC 5545, section 3.3.10), as numbers: 24 for each day since 1970-01-01. */
import { DAYS_PER_CYCLE, LAST_DAY } from './day-number';
import { daysFrom } from './days';
import { dayPartsOf, type Rule } from './rule';

export const HOURS_PER_DAY = 24;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * The hours that match an hourly rule, in order. COUNT and UNTIL are ignored. The search ends if 400 years have no such
 * hour.
 * @param start the hour from which INTERVAL counts
 * @param from the first hour; not before `start`
 * @param end the last day
 */
export function* hoursFrom(
  rule: Rule,
  start: number,
  from: number,
  end = LAST_DAY,
): Generator<number, void, undefined> {
  const { interval } = rule;
  const step = greatestCommonDivisor(HOURS_PER_DAY, interval);
  const ofDay = Array.from({ length: HOURS_PER_DAY }, (_, hour) => hour).filter(
    (hour) => (rule.byHour.length === 0 || rule.byHour.includes(hour)) && (hour - start) % step === 0,
  );
  if (ofDay.length === 0) return;
  const first = Math.floor(from / HOURS_PER_DAY);
  let lastMet = first;
  for (const day of daysFrom(dayPartsOf(rule), Math.floor(start / HOURS_PER_DAY), first, end)) {
    if (day - lastMet > DAYS_PER_CYCLE) return;
    for (const hour of ofDay) {
      const tick = day * HOURS_PER_DAY + hour;
      if (tick < from || (tick - start) % interval !== 0) continue;
      lastMet = day;
      yield tick;
    }
  }
}
