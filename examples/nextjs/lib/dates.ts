/** Calendar dates as `YYYY-MM-DD`, and how they are said. */
const dayMs = 86_400_000;
const locale = 'en-GB';

const instantOf = (date: string): number => Date.parse(`${date}T00:00:00Z`);
const dateOf = (instant: number): string => new Date(instant).toISOString().slice(0, 10);

export const deviceZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

const zoneFormats = new Map<string, Intl.DateTimeFormat>();

/** The local date and time `YYYY-MM-DDTHH:MM` in a time zone. */
export function localNow(zone: string, now = Date.now()): string {
  let format = zoneFormats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
    zoneFormats.set(zone, format);
  }
  return format.format(now).replace(' ', 'T').slice(0, 16);
}

export const todayIn = (zone: string): string => localNow(zone).slice(0, 10);

export const addDays = (date: string, days: number): string => dateOf(instantOf(date) + days * dayMs);

export const daysBetween = (from: string, until: string): number =>
  Math.round((instantOf(until) - instantOf(from)) / dayMs);

/** 0 for Monday. */
export const weekdayOf = (date: string): number => (new Date(instantOf(date)).getUTCDay() + 6) % 7;

/** The next date with this weekday, after today. */
export const nextWeekday = (today: string, weekday: number): string =>
  addDays(today, ((weekday - weekdayOf(today) + 6) % 7) + 1);

const formats: Record<string, Intl.DateTimeFormat> = {};
function format(date: string, options: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify(options);
  formats[key] ??= new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
  return formats[key].format(instantOf(date));
}

export const sayWeekday = (date: string, weekday: 'long' | 'short' = 'long'): string =>
  format(date, { weekday });

/** A date as people say it: `Today`, `Friday`, `12 Dec`, `5 May 2028`. */
export function sayDate(date: string, today: string): string {
  const distance = daysBetween(today, date);
  if (distance === 0) return 'Today';
  if (distance === 1) return 'Tomorrow';
  if (distance === -1) return 'Yesterday';
  if (distance > 1 && distance < 7) return sayWeekday(date);
  return format(date, {
    day: 'numeric',
    month: 'short',
    ...(date.slice(0, 4) !== today.slice(0, 4) && { year: 'numeric' }),
  });
}

/** A date without relation to today: `Thu 3 Dec`. */
export const sayFullDate = (date: string, today: string): string =>
  format(date, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...(date.slice(0, 4) !== today.slice(0, 4) && { year: 'numeric' }),
  }).replace(',', '');

/** `3 December`, for headings. */
export const sayDay = (date: string): string => format(date, { day: 'numeric', month: 'long' });
export const sayMonth = (date: string): string => format(date, { month: 'long', year: 'numeric' });
