/** Reads a VTODO (RFC 5545, section 3.6.2) as a task. Only properties that a task can have are read, within limits. */
import ICAL from 'ical.js';
import { localPoint, partsOf, pointOf } from '../recurrence/point';
import { toInstant } from '../time/calendar';
import {
  type ContentLine,
  maxParameters,
  nameOf,
  readContentLine,
  textsOf,
  unescapeText,
  unfold,
} from './content-line';
import { todoPriorities, todoStatuses } from './todo';
import { addSeconds, type DateValue, maxDuration, readDateValue, readDuration } from './values';
import { ianaZone } from './zones';

/** An error of a property. `property` is its name in lower case, or empty for the VTODO itself. */
export interface PropertyError {
  readonly property: string;
  readonly code: 'wrong-format' | 'not-allowed' | 'too-long' | 'too-large';
  readonly detail: string;
}

/** A VTODO as fields of a task. The values are not validated by the task's schema yet. */
export interface ReadTodo {
  readonly uid: string | undefined;
  readonly related: string | undefined;
  /** For a changed occurrence of a series (RECURRENCE-ID): its time in the series. */
  readonly recurrenceId: Moment | undefined;
  readonly fields: Record<string, unknown>;
  readonly errors: PropertyError[];
}

/** The maximum number of properties of a VTODO and its alarms together, and the maximum number of alarms. */
export const maxProperties = 1_000;
export const maxAlarms = 100;
/** The maximum length of an unfolded property, in characters. */
export const maxPropertyLength = 65_536;
// No valid rule of a task is longer, in any notation.
const maxRuleLength = 1_000;
// One more than a task may have, so that the schema reports too many.
const maxTags = 51;

const single = new Set([
  ...[
    'uid',
    'summary',
    'description',
    'status',
    'completed',
    'created',
    'priority',
    'dtstart',
    'due',
    'duration',
  ],
  ...['rrule', 'recurrence-id', 'x-tasklane-repeat-from'],
]);
const refused = new Set(['rdate', 'exrule']);
// One more than a task may omit, so that the schema reports too many.
const maxExcluded = 501;

/** The content lines of a VTODO that are read. */
interface TodoLines {
  /** The first of each name. */
  readonly first: ReadonlyMap<string, string>;
  readonly categories: readonly string[];
  readonly related: readonly string[];
  readonly exdates: readonly string[];
  /** The first TRIGGER of each VALARM. */
  readonly triggers: readonly string[];
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
  const [categories, related, exdates, triggers]: [string[], string[], string[], string[]] = [[], [], [], []];
  const open: string[] = [];
  let alarms = 0;
  let hasTrigger = false;
  for (const line of lines) {
    const name = nameOf(line);
    if (name === undefined) return unreadable;
    if (name === 'begin') {
      open.push(line.slice(6).trim().toLowerCase());
      if (open.length === 2 && open[1] === 'valarm') {
        alarms++;
        hasTrigger = false;
      }
    } else if (name === 'end') open.pop();
    else if (open.length === 1) {
      if (name === 'categories') categories.push(line);
      else if (name === 'related-to') related.push(line);
      else if (name === 'exdate') exdates.push(line);
      else if ((single.has(name) || refused.has(name)) && !first.has(name)) first.set(name, line);
    } else if (open.length === 2 && open[1] === 'valarm' && name === 'trigger' && !hasTrigger) {
      hasTrigger = true;
      triggers.push(line);
    }
  }
  return alarms > maxAlarms
    ? tooMany('valarm', maxAlarms, 'alarms')
    : { first, categories, related, exdates, triggers };
}

function lineOfText(value: string): string {
  return value
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .join(' ');
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

/** A timestamp for a time in UTC. Other values give a text that the task's schema refuses. */
function timestampOf({ date, time, isUtc }: DateValue): string {
  return time === null ? date : `${date}T${time}${isUtc ? 'Z' : ''}`;
}

// The maximum number of minutes between a reminder and the due date.
const maxMinutes = 40_320;

/** The instant in milliseconds; floating times are read as UTC. */
function millisecondsOf({ date, time, zone }: Moment): number {
  return toInstant(date, time?.slice(0, 5) ?? '00:00', zone ?? 'UTC').getTime();
}

function ruleOf(value: string): string {
  const [, , , rule] = ICAL.parse.property(`RRULE:${value}`) as unknown as [string, object, string, object];
  // UNTIL may be a local time in iCalendar. Rules of tasks allow only a date or a time in UTC.
  return ICAL.Recur.fromData(rule as never)
    .toString()
    .replace(/(UNTIL=\d{8})T\d{6}(?!\d*Z)/, '$1');
}

/** Creates a reader for the values of a VTODO's lines. It collects the errors. */
function createReader(locations: ReadonlyMap<string, string>) {
  const errors: PropertyError[] = [];
  const error = (property: string, code: PropertyError['code'], detail: string): undefined => {
    errors.push({ property, code, detail });
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

  function date(line: string | undefined, property?: string): DateValue | undefined {
    const read = content(line, property);
    if (!read) return undefined;
    const detail = 'must be a date such as 20261128, or a date and time such as 20261128T180000Z';
    return readDateValue(read.value) ?? error(property ?? read.name, 'wrong-format', detail);
  }

  function moment(line: string | undefined): Moment | undefined {
    const value = date(line);
    if (!value || line === undefined) return undefined;
    return inZone(line, value);
  }

  /** A value of a line in the time zone of the line. */
  function inZone(line: string, value: DateValue): Moment | undefined {
    const id = readContentLine(line)?.parameters.get('tzid');
    if (value.time === null || value.isUtc) return { ...value, zone: value.isUtc ? 'UTC' : null };
    if (id === undefined) return { ...value, zone: null };
    const zone = ianaZone(id, locations);
    if (zone !== undefined) return { ...value, zone };
    return error(
      nameOf(line) as string,
      'not-allowed',
      `must not have the unknown time zone ${id.slice(0, 100)}`,
    );
  }

  /** A duration in seconds. */
  function duration({ value }: ContentLine, property: string): number | undefined {
    const seconds = readDuration(value);
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
      for (const text of content(line)?.value.split(',') ?? []) {
        const value = readDateValue(text.trim());
        const moment = value && inZone(line, value);
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
    line: string,
    { start, due }: { readonly start: Moment | undefined; readonly due: Moment | undefined },
  ): Record<string, unknown> | undefined {
    const trigger = content(line, 'valarm');
    if (!trigger) return undefined;
    if (trigger.parameters.get('value')?.toUpperCase() === 'DATE-TIME') {
      const at = date(line, 'valarm');
      return at && { at: timestampOf(at) };
    }
    const seconds = duration(trigger, 'valarm');
    // A duration counts from the start, if there is one, unless RELATED is END (RFC 5545, section 3.8.6.3).
    const anchor = trigger.parameters.get('related')?.toUpperCase() === 'END' ? due : (start ?? due);
    if (!anchor || seconds === undefined) return undefined;
    const time = millisecondsOf(anchor) + seconds * 1_000;
    const minutes = due && Math.floor((millisecondsOf(due) - time) / 60_000);
    if (anchor.zone !== null && (minutes === undefined || minutes > maxMinutes))
      return { at: new Date(time).toISOString() };
    // An alarm after the start of an all-day task is a time of its day.
    if (due?.time === null && minutes !== undefined && minutes < 0 && minutes > -1440) {
      const [hour, minute] = [Math.floor(-minutes / 60), -minutes % 60];
      const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
      return { days_before_due: 0, time };
    }
    return minutes === undefined || minutes < 0 ? undefined : { minutes_before_due: minutes };
  }

  function rule(line: string): string | undefined {
    const read = content(line);
    if (!read) return undefined;
    if (read.value.length > maxRuleLength)
      return error('rrule', 'too-long', `must be at most ${maxRuleLength} characters`);
    try {
      return ruleOf(read.value);
    } catch {
      return error('rrule', 'wrong-format', 'must be a rule such as FREQ=WEEKLY;BYDAY=MO');
    }
  }

  function priority(line: string | undefined): string | undefined {
    const read = content(line);
    if (!read) return undefined;
    if (!/^\d$/.test(read.value.trim()))
      return error('priority', 'wrong-format', 'must be a whole number from 0 to 9');
    return priorityOf(Number(read.value));
  }

  return { errors, error, content, text, date, moment, excluded, end, reminder, rule, priority };
}

function tagsOf(lines: readonly string[], { content }: ReturnType<typeof createReader>): string[] {
  const tags: string[] = [];
  for (const line of lines) {
    if (tags.length >= maxTags) break;
    const texts = textsOf(content(line)?.value ?? '');
    const found = texts.map(lineOfText).filter((tag) => tag.trim() !== '');
    tags.push(...found.slice(0, maxTags - tags.length));
  }
  return tags;
}

/** Reads the text of a VTODO, from its BEGIN to its END. */
export function readTodo(text: string, locations: ReadonlyMap<string, string>): ReadTodo {
  const lines = sortLines(text);
  if ('property' in lines)
    return { uid: undefined, related: undefined, recurrenceId: undefined, fields: {}, errors: [lines] };
  const { first, categories, related, exdates, triggers } = lines;
  const reader = createReader(locations);
  const fields: Record<string, unknown> = {};
  const set = (field: string, value: unknown) => {
    if (value !== undefined) fields[field] = value;
  };

  const summary = reader.text(first.get('summary'));
  set('title', summary === undefined || summary === '' ? undefined : lineOfText(summary));
  set('description', reader.text(first.get('description')) || undefined);
  const status = reader.text(first.get('status'));
  const done = first.has('completed');
  set('status', status === undefined ? (done ? 'completed' : undefined) : statuses.get(status.toUpperCase()));
  if (status !== undefined && fields.status === undefined)
    reader.error('status', 'not-allowed', `must be one of ${[...statuses.keys()].join(', ')}`);
  const completed = fields.status === 'completed' ? reader.date(first.get('completed')) : undefined;
  set('completed_at', completed && timestampOf(completed));
  const created = reader.date(first.get('created'));
  set('created_at', created && timestampOf(created));
  set('priority', reader.priority(first.get('priority')));
  const tags = tagsOf(categories, reader);
  if (tags.length > 0) set('tags', tags);

  const [duration, rule] = [first.get('duration'), first.get('rrule')];
  const counts = !first.has('due') && (duration !== undefined || rule !== undefined);
  const start = reader.moment(first.get('dtstart'));
  const ended = counts && duration !== undefined && start ? reader.end(start, duration) : undefined;
  const end = first.has('due') ? reader.moment(first.get('due')) : (ended ?? (rule && start));
  const due = end ? dueMoment(end, start) : undefined;
  if (due) Object.assign(fields, dueFields(due));
  if (start) Object.assign(fields, startFields(start, due));
  if (rule !== undefined) {
    set('rrule', reader.rule(rule));
    const isHourly = /FREQ=HOURLY/i.test(rule);
    const omitted = reader.excluded(exdates, (due ?? start)?.zone ?? null, isHourly);
    if (omitted.length > 0) set('excluded_dates', omitted);
  }
  if (reader.text(first.get('x-tasklane-repeat-from'))?.toUpperCase() === 'COMPLETION')
    set('repeat_from', 'completion');
  for (const name of refused) if (first.has(name)) reader.error(name, 'not-allowed', 'is not supported');
  const period = { start, due };
  const reminders = triggers.flatMap((line) => reader.reminder(line, period) ?? []);
  if (reminders.length > 0) set('reminders', reminders);

  const parent = related
    .map((line) => reader.content(line))
    .find((each) => (each?.parameters.get('reltype') ?? 'PARENT').toUpperCase() === 'PARENT' && each);
  return {
    uid: reader.text(first.get('uid')),
    related: parent && unescapeText(parent.value),
    recurrenceId: reader.moment(first.get('recurrence-id')),
    fields,
    errors: reader.errors,
  };
}
