/** Dates and times as spreadsheets write them into CSV files. */
import { addDays, isDate } from '../time/calendar';

/** Which part of a date with slashes comes first; undefined if the file does not show it. */
export type DayOrder = 'day' | 'month' | undefined;

/** A local date, and a time of day `HH:MM:SS` if the text has one. */
export interface SheetDate {
  readonly date: string;
  readonly time: string | null;
}

const slashed = /^(\d{1,2})\/(\d{1,2})\/(?:\d{2}|\d{4})(?:\s|$)/;

/** The order that a date with slashes shows: one of its numbers is too large for a month. */
export function orderOf(text: string): DayOrder {
  const [, first, second] = slashed.exec(text) ?? [];
  if (Number(first) > 12) return 'day';
  return Number(second) > 12 ? 'month' : undefined;
}

/** True if both orders give a date, and not the same one. */
export function isAmbiguous(text: string): boolean {
  const [, first, second] = slashed.exec(text) ?? [];
  return first !== undefined && orderOf(text) === undefined && Number(first) !== Number(second);
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
// The day 0 of Excel, for days from March 1900 on; and its last day.
const [dayZero, lastDay] = ['1899-12-30', 2_958_465];
const secondsOfDay = 86_400;

const two = (value: number) => String(value).padStart(2, '0');

function toDate(year: string, month: number, day: string): string | undefined {
  // Excel reads 00 to 29 as years of this century, and so do we up to 69, because most tasks are not old.
  const full = year.length > 2 ? year : `${Number(year) < 70 ? 20 : 19}${year}`;
  const date = `${full.padStart(4, '0')}-${two(month)}-${two(Number(day))}`;
  return isDate(date) ? date : undefined;
}

function readDay(text: string, order: DayOrder): string | undefined {
  const [, first, separator, second, third] = /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})$/.exec(text) ?? [];
  if (first !== undefined && second !== undefined && third !== undefined) {
    if (first.length === 4) return toDate(first, Number(second), third);
    if (third.length !== 2 && third.length !== 4) return undefined;
    const isMonthFirst = separator === '/' && (orderOf(text) ?? order) === 'month';
    return isMonthFirst ? toDate(third, Number(first), second) : toDate(third, Number(second), first);
  }
  const [, day, name, year] = /^(\d{1,2})-([a-z]{3})-(\d{2}|\d{4})$/i.exec(text) ?? [];
  const month = monthNames.indexOf(name?.toLowerCase() ?? '') + 1;
  return day !== undefined && year !== undefined && month > 0 ? toDate(year, month, day) : undefined;
}

function clockOf(seconds: number): string {
  const rounded = Math.min(Math.round(seconds), secondsOfDay - 1);
  return [rounded / 3_600, (rounded / 60) % 60, rounded % 60].map((each) => two(Math.floor(each))).join(':');
}

/** Reads a time of day such as `18:05:00`, `6:05 PM` or `0.75`; undefined if it is none. */
export function readSheetTime(text: string): string | undefined {
  if (/^0?\.\d{1,17}$/.test(text)) return clockOf(Number(text) * secondsOfDay);
  const [, hour, minute, second = '00', half] =
    /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?: ?([ap])\.?m\.?)?$/i.exec(text) ?? [];
  if (hour === undefined || Number(minute) > 59 || Number(second) > 59) return undefined;
  const isLate = half?.toLowerCase() === 'p';
  if (half !== undefined && (Number(hour) < 1 || Number(hour) > 12)) return undefined;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (isLate ? 12 : 0);
  return hours > 23 ? undefined : `${two(hours)}:${minute}:${second}`;
}

/** Reads a date, with a time of day or without, or a serial number of Excel; undefined if it is none. */
export function readSheetDate(text: string, order: DayOrder): SheetDate | undefined {
  if (/^\d{1,7}(?:\.\d{1,17})?$/.test(text)) {
    const serial = Number(text);
    if (serial < 61 || serial >= lastDay + 1) return undefined;
    const part = serial % 1;
    const date = addDays(dayZero, Math.floor(serial));
    return { date, time: part === 0 ? null : clockOf(part * secondsOfDay) };
  }
  const [, day = text, clock] = /^(\S{6,11})(?: |(?<=^\d{4}-\d\d-\d\d)T)(\S.{3,16})$/.exec(text) ?? [];
  const date = readDay(day, order);
  if (date === undefined) return undefined;
  if (clock === undefined) return { date, time: null };
  const time = readSheetTime(clock);
  return time === undefined ? undefined : { date, time };
}
