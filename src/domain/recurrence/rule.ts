/** Recurrence rules: values of RRULE (RFC 5545, section 3.3.10). */

/** The days of the week in the order of ISO 8601. A weekday is an index in this list, 0 for Monday. */
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;

export const FREQUENCIES = ['HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;

export type Frequency = (typeof FREQUENCIES)[number];

/** The frequencies of rules that choose days. */
export type DayFrequency = Exclude<Frequency, 'HOURLY'>;

/** A value of BYDAY: every such weekday (null), or the n-th in the month or year. A negative n counts from the end. */
export interface ByDay {
  readonly ordinal: number | null;
  readonly weekday: number;
}

/** The value of UNTIL: a day `YYYY-MM-DD`, or an instant. */
export type Until = { readonly date: string } | { readonly instant: Date };

/** The parts of a rule that choose its days. A list is empty if the part is absent. */
export interface DayParts {
  readonly frequency: DayFrequency;
  readonly interval: number;
  readonly byMonth: readonly number[];
  readonly byMonthDay: readonly number[];
  readonly byDay: readonly ByDay[];
  readonly bySetPos: readonly number[];
  /** The first day of a week. */
  readonly weekStart: number;
}

/** A validated rule. */
export interface Rule extends Omit<DayParts, 'frequency'> {
  /** The rule as it was given. */
  readonly text: string;
  readonly frequency: Frequency;
  /** The hours of the day, only for hourly rules. */
  readonly byHour: readonly number[];
  readonly count: number | null;
  readonly until: Until | null;
}

/** The parts of a rule that choose its days. An hourly rule allows every day that its other parts allow. */
export function dayPartsOf(rule: Rule): DayParts {
  const { frequency } = rule;
  return frequency === 'HOURLY' ? { ...rule, frequency: 'DAILY', interval: 1 } : { ...rule, frequency };
}

/**
 * Selects the numbers at the positions of BYSETPOS: 1 is the first number, -1 is the last one. Without positions, it
 * returns all numbers.
 */
export function atPositions(numbers: readonly number[], positions: readonly number[]): number[] {
  if (positions.length === 0) return [...numbers];
  const found = positions.flatMap((position) => numbers.at(position > 0 ? position - 1 : position) ?? []);
  return [...new Set(found)];
}
