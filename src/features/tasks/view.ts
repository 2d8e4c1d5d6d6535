/** What today, overdue and upcoming are on the calendar of a time zone. */
import { addDays, startOfDay, timeIn, todayIn } from '../../domain/time/calendar';

/** A moment on the calendar of a time zone, for views to compare due dates with. */
export interface ViewMoment {
  readonly now: Date;
  /** The day that it is there, `YYYY-MM-DD`, and the one after. */
  readonly today: string;
  readonly tomorrow: string;
  /** The time of day there, `HH:MM:SS`. */
  readonly time: string;
  /** When the day began there, and when the next one does. */
  readonly todayBegins: Date;
  readonly tomorrowBegins: Date;
}

/** The moment `now` in a time zone. */
export function viewMoment(zone: string, now: Date): ViewMoment {
  const today = todayIn(zone, now);
  const tomorrow = addDays(today, 1);
  return {
    now,
    today,
    tomorrow,
    time: timeIn(zone, now),
    todayBegins: startOfDay(today, zone),
    tomorrowBegins: startOfDay(tomorrow, zone),
  };
}
