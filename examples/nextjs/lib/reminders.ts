import type { Task } from './tasklane';

/** A number of minutes as people say it: `30 min`, `2 hours`, `1 day`. */
function sayMinutes(minutes: number): string {
  const [amount, unit] =
    minutes % 1440 === 0
      ? [minutes / 1440, 'day']
      : minutes % 60 === 0
        ? [minutes / 60, 'hour']
        : [minutes, 'min'];
  return `${amount} ${unit}${amount === 1 || unit === 'min' ? '' : 's'}`;
}

/** `30 min before`, `When due`, `At 09:00`. */
export const sayBefore = (minutes: number): string =>
  minutes === 0 ? 'When due' : `${sayMinutes(minutes)} before`;

export function sayReminder({
  at,
  minutes_before_due,
  days_before_due,
  time,
}: Task['reminders'][number]): string {
  if (minutes_before_due !== null) return sayBefore(minutes_before_due);
  if (days_before_due !== null) {
    if (days_before_due === 0) return `At ${time}`;
    return `${days_before_due === 1 ? 'The day' : `${days_before_due} days`} before at ${time}`;
  }
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(at as string),
  );
}
