/** Recurrence rules, as values of RRULE have them (RFC 5545, section 3.3.10). */

/** The days of the week in the order of ISO 8601; a weekday is its place here, 0 for Monday. */
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;

export const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;

export type Frequency = (typeof FREQUENCIES)[number];

/** A value of BYDAY: every such weekday, or the n-th in the month or year; a negative n counts from its end. */
export interface ByDay {
  readonly ordinal: number | null;
  readonly weekday: number;
}

/** What UNTIL says: a day `YYYY-MM-DD`, or an instant. */
export type Until = { readonly date: string } | { readonly instant: Date };

/** The parts of a rule that tell its days. Lists are empty where the part is missing. */
export interface DayParts {
  readonly frequency: Frequency;
  readonly interval: number;
  readonly byMonth: readonly number[];
  readonly byMonthDay: readonly number[];
  readonly byDay: readonly ByDay[];
  readonly bySetPos: readonly number[];
  /** The weekday that weeks start on. */
  readonly weekStart: number;
}

/** A rule that has been checked. */
export interface Rule extends DayParts {
  /** The rule as it was given. */
  readonly text: string;
  readonly count: number | null;
  readonly until: Until | null;
}

/** The numbers at positions that count from 1, or from -1 at the end, as BYSETPOS has them; all of them without positions. */
export function atPositions(numbers: readonly number[], positions: readonly number[]): number[] {
  if (positions.length === 0) return [...numbers];
  const found = positions.flatMap((position) => numbers.at(position > 0 ? position - 1 : position) ?? []);
  return [...new Set(found)];
}
