/** The dates and instants of the views today, overdue and upcoming in a time zone. */
import { addDays, startOfDay, timeIn, todayIn } from '../../domain/time/calendar';

/** A moment in a time zone. Views compare due dates with it. */
export interface ViewMoment {
  readonly now: Date;
  /** The date in the time zone, `YYYY-MM-DD`, and the next date. */
  readonly today: string;
  readonly tomorrow: string;
  /** The time of day in the time zone, `HH:MM:SS`. */
  readonly time: string;
  /** When today and tomorrow begin in the time zone. */
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
