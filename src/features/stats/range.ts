/** The range of days of statistics. */

import { addDays } from '../../domain/time/calendar';
import type { ValidationError } from '../../platform/contract/document/operations';

const usualDays = 30;
const maxDays = 366;
const firstDay = '0001-01-01';

export interface DayRange {
  readonly from: string;
  readonly until: string;
}

/** The requested range, or a validation error. Days are `YYYY-MM-DD`, so they sort as texts. */
export function dayRange(
  { from, until }: { from?: string | undefined; until?: string | undefined },
  today: string,
): DayRange | ValidationError {
  const last = until ?? today;
  const usual = addDays(last, 1 - usualDays);
  // Years before 1 have another format.
  const first = from ?? (/^(?!0000)\d{4}-/.test(usual) ? usual : firstDay);
  if (first > last)
    return { pointer: '/query/from', code: 'contradiction', detail: 'must not be after the last day' };
  if (daysIn({ from: first, until: last }) > maxDays) {
    return {
      pointer: '/query/from',
      code: 'too-small',
      detail: `must be at most ${maxDays} days before the last day`,
    };
  }
  return { from: first, until: last };
}

const dayMs = 24 * 60 * 60 * 1000;

function daysIn({ from, until }: DayRange): number {
  return 1 + (Date.parse(until) - Date.parse(from)) / dayMs;
}

/** Every day of a range, in order. */
export function daysOf(range: DayRange): string[] {
  return Array.from({ length: daysIn(range) }, (_, index) => addDays(range.from, index));
}
