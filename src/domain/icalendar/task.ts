/** A task for calendar files. Dates and times have the formats of the contract. */
import type { CalendarDates } from './due';

export interface CalendarTask extends CalendarDates {
  readonly id: string;
  readonly title: string;
  readonly description: string | null;
  readonly status: 'pending' | 'in_progress' | 'completed' | 'cancelled';
  readonly priority: 'low' | 'medium' | 'high' | 'urgent';
  readonly tags: readonly string[];
  /** A recurrence rule (RFC 5545, section 3.3.10); null if the task does not recur. */
  readonly rrule: string | null;
  readonly recurrence_start: string | null;
  readonly recurrence_start_time: string | null;
  readonly recurrence_due: string | null;
  readonly excluded_dates: readonly string[];
  readonly repeat_from: 'schedule' | 'completion';
  /** Each reminder has either `at`, an instant, or `minutes_before_due`, or `days_before_due` with a `time`. */
  readonly reminders: readonly {
    readonly at: string | null;
    readonly minutes_before_due: number | null;
    readonly days_before_due: number | null;
    readonly time: string | null;
  }[];
  readonly links: readonly { readonly url: string; readonly title: string | null }[];
  readonly parent_id: string | null;
  readonly completed_at: string | null;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}
