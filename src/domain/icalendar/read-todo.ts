/** Reads a VTODO (RFC 5545, section 3.6.2) as a task. Only properties that a task can have are read, within limits. */
import ICAL from 'ical.js';
import { addExtras, type Extra } from '../foreign/extras';
import { fitTags, fitTitle, maxReminders, toLine } from '../foreign/fit';
import type { ReadWarning } from '../foreign/warning';
import { localPoint, partsOf, pointOf } from '../recurrence/point';
import { toInstant } from '../time/calendar';
import { isTimeZone } from '../time/zones';
import { readWallClock, secondsBeforeEnd, wallClockProperty } from './alarm';
import {
  type ContentLine,
  maxParameters,
  nameOf,
  readContentLine,
  textsOf,
  unescapeParameter,
  unescapeText,
  unfold,
} from './content-line';
import { readSeries, seriesProperty } from './recurrence';
import { startProperty, timeZoneProperty, todoPriorities, todoStatuses } from './todo';
import { addSeconds, type DateValue, maxDuration, readDateValue, readDuration } from './values';
import { type FoundZone, ianaZone } from './zones';

/** An error of a property. `property` is its name in lower case, or empty for the VTODO itself. */
export interface PropertyError {
  readonly property: string;
  readonly code: 'wrong-format' | 'not-allowed' | 'too-long' | 'too-large';
  readonly detail: string;
}

/** A VTODO as fields of a task. The values are not validated by the task's schema yet. */
export interface ReadTodo {
  readonly uid: string | undefined;
  /** The UID of the parent. */
  readonly related: string | undefined;
  /** For a changed occurrence of a series (RECURRENCE-ID): its time in the series. */
  readonly recurrenceId: Moment | undefined;
  readonly fields: Record<string, unknown>;
  readonly errors: PropertyError[];
  readonly warnings: ReadWarning[];
  /** The later of two VTODOs with the same UID has the greater edition (SEQUENCE, then LAST-MODIFIED or DTSTAMP). */
  readonly edition: string;
}

/** What a VTODO is read with. */
export interface TodoContext {
  /** The time zones of the file's VTIMEZONEs, by their TZID. */
  readonly zones: ReadonlyMap<string, FoundZone>;
  /** The IANA time zone for instants without one. */
  readonly timeZone: string;
}

/** The maximum number of properties of a VTODO and its alarms together, and the maximum number of alarms. */
export const maxProperties = 1_000;
export const maxAlarms = 100;
/** The maximum length of an unfolded property, in characters. */
export const maxPropertyLength = 65_536;
// No valid rule of a task is longer, in any notation.
const maxRuleLength = 1_000;
const maxLinks = 20;

const single = new Set([
  ...[
    'uid',
    'summary',
    'description',
    'status',
    'completed',
    'created',
    'priority',
    'percent-complete',
    'dtstart',
    'due',
    'duration',
    'sequence',
    'last-modified',
    'dtstamp',
  ],
  ...['rrule', 'recurrence-id', 'x-tasklane-repeat-from', seriesProperty, timeZoneProperty, startProperty],
]);
const refused = new Set(['rdate', 'exrule']);
// One more than a task may omit, so that the schema reports too many.
const maxExcluded = 501;

// The properties that are kept as extras, with what they are called there.
const extraLabels: ReadonlyMap<string, string> = new Map([
  ['location', 'Location'],
  ['url', 'URL'],
  ['attach', 'Attachment'],
  ['comment', 'Comment'],
]);
// Properties with content that a task cannot keep.
const dropped = new Set(['attendee', 'organizer', 'contact', 'geo', 'resources', 'conference', 'image']);

/** The content lines of a VALARM that are read. */
interface AlarmLines {
  trigger?: string;
  action?: string;
  wallClock?: string;
  /** True if the alarm is for a place. */
  isOfPlace: boolean;
}

/** The content lines of a VTODO that are read. */
interface TodoLines {
  /** The first of each name. */
  readonly first: ReadonlyMap<string, string>;
  readonly categories: readonly string[];
  readonly related: readonly string[];
  readonly exdates: readonly string[];
  readonly extras: readonly string[];
  readonly dropped: readonly string[];
  readonly alarms: readonly AlarmLines[];
}

const unreadable: PropertyError = { property: '', code: 'wrong-format', detail: 'must be iCalendar' };

function tooMany(property: string, most: number, things: string): PropertyError {
  return { property, code: 'too-long', detail: `must have at most ${most} ${things}` };
}

/** Groups the lines of a VTODO. The nesting of components is already checked by `componentsOf`. */
function sortLines(text: string): TodoLines | PropertyError {
  const lines = unfold(text);
  if (lines.length > maxProperties) return tooMany('', maxProperties, 'properties');
  const first = new Map<string, string>();
  const lists = {
    categories: [] as string[],
    related: [] as string[],
    exdates: [] as string[],
    extras: [] as string[],
    dropped: [] as string[],
  };
  const alarms: AlarmLines[] = [];
  const open: string[] = [];
  for (const line of lines) {
    const name = nameOf(line);
    if (name === undefined) return unreadable;
    const alarm = open.length === 2 && open[1] === 'valarm' ? alarms.at(-1) : undefined;
    if (name === 'begin') {
      open.push(line.slice(6).trim().toLowerCase());
      if (open.length === 2 && open[1] === 'valarm') alarms.push({ isOfPlace: false });
    } else if (name === 'end') open.pop();
    else if (open.length === 1) {
      if (name === 'categories') lists.categories.push(line);
      else if (name === 'related-to') lists.related.push(line);
      else if (name === 'exdate') lists.exdates.push(line);
      else if (extraLabels.has(name)) lists.extras.push(line);
      else if (dropped.has(name)) lists.dropped.push(line);
      else if ((single.has(name) || refused.has(name)) && !first.has(name)) first.set(name, line);
    } else if (alarm) {
      if (name === 'trigger') alarm.trigger ??= line;
      else if (name === 'action') alarm.action ??= line;
      else if (name === wallClockProperty) alarm.wallClock ??= line;
      else if (name === 'x-apple-proximity') alarm.isOfPlace = true;
    }
  }
  return alarms.length > maxAlarms ? tooMany('valarm', maxAlarms, 'alarms') : { first, ...lists, alarms };
}

// The reverse of `todoPriorities`: each priority of a task covers a range of the values 1 to 9.
function priorityOf(value: number): string | undefined {
  if (value === 0) return undefined;
  if (value === todoPriorities.urgent) return 'urgent';
  if (value < todoPriorities.medium) return 'high';
  return value === todoPriorities.medium ? 'medium' : 'low';
}

const statuses: ReadonlyMap<string, string> = new Map(
  Object.entries(todoStatuses).map(([status, value]) => [value, status]),
);

/** A date or time, with its IANA time zone; null for floating time and without a time. */
export interface Moment extends DateValue {
  readonly zone: string | null;
}

function dueFields({ date, time, zone }: Moment): Record<string, unknown> {
  if (time === null) return { due_date: date };
  return { due_date: date, due_time: time.slice(0, 5), ...(zone !== null && { time_zone: zone }) };
}

/** The local time of a moment in a time zone, as a point; a floating time stays as it is. */
export function localTime({ date, time, zone }: Moment, wanted: string | null): string {
  if (time === null) return date;
  const minutes = time.slice(0, 5);
  if (zone === null || wanted === null || zone === wanted) return pointOf(date, minutes);
  return localPoint(wanted, toInstant(date, minutes, zone));
}

/** The start of a task that Tasklane wrote; undefined if another program has changed DTSTART since. */
function writtenStart(
  value: string,
  start: Moment,
  due: Moment | undefined,
): Record<string, unknown> | undefined {
  const zone = due && due.time !== null ? due.zone : start.zone;
  const { date, time } = partsOf(localTime(start, zone));
  const written = partsOf(value.trim());
  if (written.date !== date || (written.time ?? '00:00') !== (time ?? '00:00')) return undefined;
  const ofTime = written.time !== null && { start_time: written.time };
  return { start_date: date, ...ofTime, ...(time !== null && zone !== null && { time_zone: zone }) };
}

/** The start of a task. There is none if it equals the due date, which some programs write as both, or is after it. */
function startFields(start: Moment, due: Moment | undefined): Record<string, unknown> {
  const end = due && due.time !== null ? pointOf(due.date, due.time.slice(0, 5)) : undefined;
  const { date, time } = partsOf(localTime(start, end === undefined ? start.zone : (due?.zone ?? null)));
  if (end === undefined) {
    if (due && (time === null ? date >= due.date : date > due.date)) return {};
    const zone = time !== null && start.zone !== null && { time_zone: start.zone };
    return { start_date: date, ...(time !== null && { start_time: time }), ...zone };
  }
  if (pointOf(date, time) >= end) return {};
  // Midnight stands for a start without a time if the due date has a time, see `periodProperties`.
  return { start_date: date, ...(time !== null && time !== '00:00' && { start_time: time }) };
}

/** The due date as it is read: a last second of the day stands for all day if the start has a time. */
function dueMoment(due: Moment, start: Moment | undefined): Moment {
  const isAllDay = due.time === '23:59:59' && start !== undefined && start.time !== null;
  return isAllDay ? { ...due, time: null } : due;
}

// The maximum number of minutes between a reminder and the due date.
const maxMinutes = 40_320;

/** The instant in milliseconds; floating times are read as UTC. */
function millisecondsOf({ date, time, zone }: Moment): number {
  const seconds = Number(time?.slice(6) ?? 0);
  return toInstant(date, time?.slice(0, 5) ?? '00:00', zone ?? 'UTC').getTime() + seconds * 1_000;
}

function ruleOf(value: string): string {
  const [, , , rule] = ICAL.parse.property(`RRULE:${value}`) as unknown as [string, object, string, object];
  // UNTIL may be a local time in iCalendar. Rules of tasks allow only a date or a time in UTC.
  return ICAL.Recur.fromData(rule as never)
    .toString()
    .replace(/(UNTIL=\d{8})T\d{6}(?!\d*Z)/, '$1');
}

// The parts of a rule that give a time of day, with the position of the same number in `HH:MM:SS`.
const clockParts: ReadonlyMap<string, number> = new Map([
  ['BYHOUR', 0],
  ['BYMINUTE', 3],
  ['BYSECOND', 6],
]);

// Parts of rules with at most one occurrence a day.
const dailyOrLess: ReadonlySet<string> = new Set(
  ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'].map((frequency) => `FREQ=${frequency}`),
);

/** True if a part of a rule gives a part of this time of day. */
function isTimeOf(part: string, time: string): boolean {
  const [name = '', value = ''] = part.split('=');
  const position = clockParts.get(name);
  return (
    position !== undefined &&
    /^\d{1,2}$/.test(value) &&
    Number(value) === Number(time.slice(position, position + 2))
  );
}

/** An instant in the years 1 to 9999 as a timestamp; undefined outside of them. */
function timestampOf(milliseconds: number): string | undefined {
  const date = new Date(milliseconds);
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  // Other years have a sign and six digits.
  return /^(?!0000)\d{4}-/.test(text) ? text : undefined;
}

/** Creates a reader for the values of a VTODO's lines. It collects the errors and warnings. */
function createReader({ zones, timeZone }: TodoContext) {
  const errors: PropertyError[] = [];
  const warnings: ReadWarning[] = [];
  const error = (property: string, code: PropertyError['code'], detail: string): undefined => {
    errors.push({ property, code, detail });
  };
  const warn = (field: string, found: string | null, used: string | null, detail: string): undefined => {
    warnings.push({ field, found, used, detail });
  };

  function content(line: string | undefined, property?: string): ContentLine | undefined {
    if (line === undefined) return undefined;
    const name = property ?? (nameOf(line) as string);
    if (line.length > maxPropertyLength)
      return error(name, 'too-long', `must be at most ${maxPropertyLength} characters`);
    const detail = `must be a property with at most ${maxParameters} parameters of the form name=value`;
    return readContentLine(line) ?? error(name, 'wrong-format', detail);
  }

  function text(line: string | undefined): string | undefined {
    const read = content(line);
    return read && unescapeText(read.value);
  }

  /** The zone of a value; undefined if it has no TZID; null if the TZID is unknown. */
  function zoneOf({ parameters }: ContentLine): FoundZone | null | undefined {
    const id = parameters.get('tzid');
    return id === undefined || id === '' ? undefined : (ianaZone(id, zones) ?? null);
  }

  /** A due date or start. An empty value is none. */
  function moment(line: string | undefined): Moment | undefined {
    const read = content(line);
    if (!read || read.value.trim() === '') return undefined;
    const value = readDateValue(read.value.trim());
    const detail = 'must be a date such as 20261128, or a date and time such as 20261128T180000Z';
    return value ? inZone(read, value) : error(read.name, 'wrong-format', detail);
  }

  /** A value of a property in the time zone of the property. */
  function inZone(read: ContentLine, value: DateValue): Moment | undefined {
    if (value.time === null || value.isUtc) return { ...value, zone: value.isUtc ? 'UTC' : null };
    const [id = '', found] = [read.parameters.get('tzid'), zoneOf(read)];
    if (found === undefined) return { ...value, zone: null };
    if (found === null)
      return error(read.name, 'not-allowed', `must not have the unknown time zone ${id.slice(0, 100)}`);
    const { zone, isExact } = found;
    if (!isExact)
      warn(read.name, id, zone, 'has a time zone without an IANA name, so a similar one is taken');
    return { ...value, zone };
  }

  /**
   * A property that must be a time in UTC. Another time is read in its time zone, in `otherwise`, or in that of the
   * profile; a date is read as the beginning of the day.
   */
  function instant(
    { value, ...read }: ContentLine,
    property: string,
    otherwise = timeZone,
  ): string | undefined {
    const [trimmed, found] = [value.trim(), { ...read, value }];
    if (trimmed === '') return undefined;
    const at = readDateValue(trimmed);
    const zone = at?.isUtc ? 'UTC' : (zoneOf(found)?.zone ?? otherwise);
    const used = at && timestampOf(millisecondsOf({ ...at, zone }));
    if (used === undefined) return warn(property, trimmed, null, 'is not a time');
    if (!at?.isUtc) warn(property, trimmed, used, `is not in UTC, so it is read in the time zone ${zone}`);
    return used;
  }

  function timestamp(line: string | undefined): string | undefined {
    const read = content(line);
    return read && instant(read, read.name);
  }

  /** A duration in seconds. */
  function duration({ value }: ContentLine, property: string): number | undefined {
    const seconds = readDuration(value.trim());
    if (seconds === undefined)
      return error(property, 'wrong-format', 'must be a duration such as PT30M or -P1D');
    if (Math.abs(seconds) > maxDuration)
      return error(property, 'too-large', `must be at most ${maxDuration / 86_400} days`);
    return seconds;
  }

  /** The dates of EXDATE in a time zone, at most {@link maxExcluded}. Only for an hourly rule they have times. */
  function excluded(lines: readonly string[], zone: string | null, isHourly: boolean): string[] {
    const dates = new Set<string>();
    for (const line of lines) {
      const read = content(line);
      for (const text of read?.value.split(',') ?? []) {
        if (text.trim() === '') continue;
        const value = readDateValue(text.trim());
        const moment = value && read && inZone(read, value);
        if (value === undefined) {
          error('exdate', 'wrong-format', 'must be dates such as 20261128, or dates and times');
          return [];
        }
        if (moment === undefined) return [];
        const point = localTime(moment, zone);
        dates.add(isHourly ? point : point.slice(0, 10));
        if (dates.size === maxExcluded) return [...dates];
      }
    }
    return [...dates].sort();
  }

  function end(start: Moment, line: string): Moment | undefined {
    const read = content(line);
    const seconds = read && duration(read, 'duration');
    if (seconds === undefined) return undefined;
    const later = addSeconds(start, seconds);
    return later
      ? { ...start, ...later }
      : error('duration', 'too-large', 'must end in the years 0001 to 9999');
  }

  /**
   * A reminder: minutes before the due date, or an instant if the minutes are too many or there is no due date.
   * Undefined if it can be neither.
   */
  function reminder(
    { trigger: line, wallClock, action, isOfPlace }: AlarmLines,
    { start, due, end }: Period,
  ): Record<string, unknown> | undefined {
    const trigger = content(line, 'valarm');
    if (!trigger) return undefined;
    const value = trigger.value.trim();
    if (text(action)?.trim().toUpperCase() === 'NONE')
      return warn('valarm', value, null, 'has the action NONE, so it is no reminder');
    if (isOfPlace) return warn('valarm', value, null, 'is for a place, so it is no reminder');
    if (trigger.parameters.get('value')?.toUpperCase().startsWith('DATE') || /^\d/.test(value)) {
      const at = instant(trigger, 'valarm', due?.zone ?? start?.zone ?? undefined);
      return at === undefined ? undefined : { at };
    }
    const seconds = duration(trigger, 'valarm');
    if (seconds === undefined) return undefined;
    // A duration counts from the start, if there is one, unless RELATED is END (RFC 5545, section 3.8.6.3).
    const anchor = trigger.parameters.get('related')?.toUpperCase() === 'END' ? end : (start ?? end);
    const clock = wallClock === undefined ? undefined : readWallClock(text(wallClock) ?? '');
    // If another program has changed the trigger, it counts.
    if (clock && anchor && anchor === end && -seconds === secondsBeforeEnd(clock, anchor.time ?? '00:00:00'))
      return { ...clock };
    if (!anchor) return warn('valarm', value, null, 'has no date that it counts from');
    const time = millisecondsOf(anchor) + seconds * 1_000;
    const minutes = due && Math.trunc((millisecondsOf(due) - time) / 60_000) + 0;
    if (anchor.zone !== null && (minutes === undefined || minutes > maxMinutes))
      return { at: new Date(time).toISOString() };
    // An alarm after the start of an all-day task is a time of its day.
    if (due?.time === null && minutes !== undefined && minutes < 0 && minutes > -1440) {
      const [hour, minute] = [Math.floor(-minutes / 60), -minutes % 60];
      const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
      return { days_before_due: 0, time };
    }
    if (minutes !== undefined && minutes >= 0) return { minutes_before_due: minutes };
    const detail = minutes === undefined ? 'has no date that it counts from' : 'is after the due date';
    return warn('valarm', value, null, detail);
  }

  /** @param from the first occurrence, which the rule counts from */
  function rule(line: string, from: Moment | undefined): string | undefined {
    const read = content(line);
    const value = read?.value.trim().toUpperCase();
    if (!value) return undefined;
    if (value.length > maxRuleLength)
      return error('rrule', 'too-long', `must be at most ${maxRuleLength} characters`);
    if (!from) return warn('rrule', value, null, 'has no date that it counts from');
    const { time } = from;
    const parts = value.split(';');
    const isByDay = time !== null && parts.some((part) => dailyOrLess.has(part));
    const kept = isByDay ? parts.filter((part) => !isTimeOf(part, time)) : parts;
    if (kept.length < parts.length)
      warn('rrule', value, kept.join(';'), 'names the time of its first date, which the task has anyway');
    try {
      return ruleOf(kept.join(';'));
    } catch {
      return error('rrule', 'wrong-format', 'must be a rule such as FREQ=WEEKLY;BYDAY=MO');
    }
  }

  function priority(line: string | undefined): string | undefined {
    const value = content(line)?.value.trim();
    if (!value) return undefined;
    return /^\d$/.test(value)
      ? priorityOf(Number(value))
      : warn('priority', value, null, 'is not a whole number from 0 to 9');
  }

  return {
    errors,
    warnings,
    error,
    warn,
    content,
    text,
    moment,
    timestamp,
    excluded,
    end,
    reminder,
    rule,
    priority,
  };
}

/** The dates that alarms count from. */
interface Period {
  readonly start: Moment | undefined;
  /** When the task is due, and when the VTODO ends: the end of the day if it is due all day and its start has a time. */
  readonly due: Moment | undefined;
  readonly end: Moment | undefined;
}

type Reader = ReturnType<typeof createReader>;

function* categoriesIn(lines: readonly string[], { content }: Reader): Generator<string> {
  for (const line of lines) yield* textsOf(content(line)?.value ?? '');
}

/** The status, from STATUS, COMPLETED and PERCENT-COMPLETE. */
function statusOf(first: TodoLines['first'], { text, warn }: Reader): string | undefined {
  const [value = '', percent = ''] = [first.get('status'), first.get('percent-complete')].map((line) =>
    text(line)?.trim(),
  );
  const status = statuses.get(value.toUpperCase());
  if (status === 'completed' || status === 'cancelled' || status === 'in_progress') return status;
  if (status === undefined) {
    const isDone = text(first.get('completed'))?.trim() || percent === '100';
    const other = isDone ? 'completed' : undefined;
    if (value !== '') warn('status', value, other ?? 'pending', 'is not a status of a VTODO');
    if (other) return other;
  }
  return /^\d\d?$/.test(percent) && Number(percent) > 0 ? 'in_progress' : status;
}

/** The start of a series that Tasklane wrote; empty if another program has changed the rule since. */
function seriesFields(
  value: string | undefined,
  { rrule }: Record<string, unknown>,
): Record<string, unknown> {
  const series = readSeries(value ?? '');
  if (series === undefined) return {};
  try {
    return ruleOf(series.rule) === rrule ? series.fields : {};
  } catch {
    return {};
  }
}

function remindersOf(
  alarms: readonly AlarmLines[],
  period: Period,
  { reminder, warn }: Reader,
): Record<string, unknown>[] {
  const reminders = new Map<string, Record<string, unknown>>();
  for (const alarm of alarms) {
    const read = reminder(alarm, period);
    if (read) reminders.set(JSON.stringify(read), read);
  }
  const all = [...reminders.values()];
  const more = all.length - maxReminders;
  if (more > 0)
    warn(
      'valarm',
      `${all.length} alarms`,
      `${maxReminders} reminders`,
      `are too many; the first ${maxReminders} are kept`,
    );
  return all.slice(0, maxReminders);
}

/** The UID of the parent. Other relations have no counterpart. */
function parentOf(lines: readonly string[], { content, warn }: Reader): string | undefined {
  let parent: string | undefined;
  for (const line of lines) {
    const read = content(line);
    const value = read && unescapeText(read.value).trim();
    if (!read || !value) continue;
    const type = (read.parameters.get('reltype') ?? 'PARENT').toUpperCase();
    if (type === 'PARENT' && parent === undefined) parent = value;
    // The subtask names its parent, or gets it from `surveyCalendar`.
    else if (type !== 'CHILD') {
      const detail =
        type === 'PARENT'
          ? 'is a second parent'
          : `is a relation of the type ${type}, which tasks do not have`;
      warn('related-to', value, null, detail);
    }
  }
  return parent;
}

// The addresses that a link can have, see `LinkUrl` in the contract.
const linkAddress = /^(?:https?:\/\/|mailto:)\S{1,2040}$/i;

/** The links and extras of a VTODO. Files inside of it are left out. */
function extrasOf(
  lines: readonly string[],
  percent: string | undefined,
  { warn }: Reader,
): { extras: Extra[]; links: { url: string; title: string | null }[] } {
  const extras: Extra[] = [];
  const links = new Map<string, string | null>();
  for (const line of lines) {
    const name = nameOf(line) as string;
    const isFile = name === 'attach' && /;(?:ENCODING=BASE64|VALUE=BINARY)/i.test(line.slice(0, 1_000));
    if (isFile) {
      const file = readContentLine(line.slice(0, 1_000))?.parameters.get('filename') ?? null;
      warn('attach', file, null, 'is a file, which a task cannot have');
      continue;
    }
    const read = line.length > maxPropertyLength ? undefined : readContentLine(line);
    if (!read) {
      warn(name, line.slice(line.indexOf(':') + 1), null, 'is too long');
      continue;
    }
    const isLink = name === 'url' || name === 'attach';
    const value = (isLink ? read.value : unescapeText(read.value)).trim();
    if (isLink && linkAddress.test(value) && (links.has(value) || links.size < maxLinks)) {
      const title = toLine(unescapeParameter(read.parameters.get('filename') ?? '')).slice(0, 200);
      links.set(value, links.get(value) || title || null);
    } else if (value) extras.push({ field: name, label: extraLabels.get(name) as string, value });
  }
  if (percent !== undefined)
    extras.push({ field: 'percent-complete', label: 'Percent complete', value: percent });
  return { extras, links: [...links].map(([url, title]) => ({ url, title })) };
}

/** Reads the text of a VTODO, from its BEGIN to its END. */
export function readTodo(text: string, context: TodoContext): ReadTodo {
  const lines = sortLines(text);
  if ('property' in lines) {
    const none = { uid: undefined, related: undefined, recurrenceId: undefined };
    return { ...none, fields: {}, errors: [lines], warnings: [], edition: '' };
  }
  const { first, categories, related, exdates, alarms } = lines;
  const reader = createReader(context);
  const fields: Record<string, unknown> = {};
  const set = (field: string, value: unknown) => {
    if (value !== undefined) fields[field] = value;
  };

  set('status', statusOf(first, reader));
  const percent = reader.text(first.get('percent-complete'))?.trim();
  const isPartly = fields.status === 'in_progress' && percent !== undefined && /^[1-9]\d?$/.test(percent);
  const summary = fitTitle(
    'summary',
    reader.text(first.get('summary')),
    (reader.text(first.get('description')) ?? '').replaceAll('\0', ''),
  );
  const kept = extrasOf(lines.extras, isPartly ? percent : undefined, reader);
  const extras = addExtras(summary.description, kept.extras);
  set('title', summary.title);
  set('description', extras.description || undefined);

  const completed = reader.timestamp(first.get('completed'));
  if (fields.status === 'completed') set('completed_at', completed);
  else if (completed)
    reader.warn('completed', completed, null, 'is left out, because the status is another one');
  set('created_at', reader.timestamp(first.get('created')));
  set('priority', reader.priority(first.get('priority')));
  const labels = fitTags('categories', categoriesIn(categories, reader));
  if (labels.tags.length > 0) set('tags', labels.tags);
  if (kept.links.length > 0) set('links', kept.links);

  const [duration, rule] = [first.get('duration'), first.get('rrule')];
  const given = reader.moment(first.get('due'));
  const hasDue = first.has('due') && (given !== undefined || reader.errors.length > 0);
  const counts = !hasDue && (duration !== undefined || rule !== undefined);
  const start = reader.moment(first.get('dtstart'));
  const ended = counts && duration !== undefined && start ? reader.end(start, duration) : undefined;
  const last = given ?? ended ?? (counts && rule !== undefined ? start : undefined);
  const due = last && dueMoment(last, start);
  if (due) Object.assign(fields, dueFields(due));
  const written = reader.text(first.get(startProperty)) ?? '';
  const begun = start ? (writtenStart(written, start, due) ?? startFields(start, due)) : {};
  Object.assign(fields, begun);
  const zone = reader.text(first.get(timeZoneProperty))?.trim();
  if (zone && isTimeZone(zone) && (due ?? start) && fields.time_zone === undefined) set('time_zone', zone);
  if (rule !== undefined) {
    set('rrule', reader.rule(rule, begun.start_date === undefined ? due : start));
    Object.assign(fields, seriesFields(reader.text(first.get(seriesProperty)), fields));
    const isHourly = /FREQ=HOURLY/i.test(rule);
    const omitted = reader.excluded(exdates, (due ?? start)?.zone ?? null, isHourly);
    if (omitted.length > 0) set('excluded_dates', omitted);
  }
  if (reader.text(first.get('x-tasklane-repeat-from'))?.toUpperCase() === 'COMPLETION')
    set('repeat_from', 'completion');
  for (const name of refused) if (first.has(name)) reader.error(name, 'not-allowed', 'is not supported');
  const reminders = remindersOf(alarms, { start, due, end: last }, reader);
  if (reminders.length > 0) set('reminders', reminders);
  for (const line of lines.dropped) {
    reader.warn(
      nameOf(line) as string,
      line.slice(line.indexOf(':') + 1),
      null,
      'has no counterpart in a task',
    );
  }

  const recurrenceId = reader.moment(first.get('recurrence-id'));
  if (/;RANGE=/i.test(first.get('recurrence-id')?.split(':', 1)[0] ?? ''))
    reader.warn('recurrence-id', 'RANGE', null, 'is for later occurrences too, but only this one is changed');
  const parent = parentOf(related, reader);
  const sequence = reader.text(first.get('sequence'))?.trim() ?? '';
  const changed = first.get('last-modified') ?? first.get('dtstamp') ?? '';
  return {
    uid: reader.text(first.get('uid'))?.trim() || undefined,
    related: parent,
    recurrenceId,
    fields,
    errors: reader.errors,
    warnings: [...summary.warnings, ...reader.warnings, ...labels.warnings, ...extras.warnings],
    edition: `${sequence.slice(0, 10).padStart(10, '0')} ${changed.slice(changed.lastIndexOf(':') + 1).slice(0, 16)}`,
  };
}
