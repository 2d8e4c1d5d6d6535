/** Reading iCalendar objects (RFC 5545), a component at a time, and what a VTODO says of a task. */
import ICAL from 'ical.js';
import { isTimeZone } from '../contract/formats';
import { isDate, toInstant } from '../time/calendar';
import { todoPriorities, todoStatuses } from './todo';
import { windowsZones } from './windows-zones';

/** A component right below VCALENDAR, as text. */
export interface ComponentText {
  /** In capitals. */
  readonly name: string;
  /** Undefined where it is longer than it may be. */
  readonly text: string | undefined;
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/** What is wrong with an object as a whole, and where. */
export interface Broken {
  readonly broken: string;
  readonly line: number;
}

/** The lines of text that comes in pieces, with their ends; of one that is too long, the first `maxLength` characters. */
async function* linesOf(pieces: AsyncIterable<string>, maxLength: number): AsyncGenerator<string[]> {
  let begun = '';
  for await (const piece of pieces) {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', start)) {
      lines.push(begun + piece.slice(start, end + 1));
      begun = '';
      start = end + 1;
    }
    if (begun.length <= maxLength) begun += piece.slice(start);
    if (lines.length > 0) yield lines;
  }
  if (begun !== '') yield [begun];
}

// What a line that begins or ends a component can begin with.
const edges: ReadonlySet<string> = new Set(['B', 'b', 'E', 'e', '\uFEFF']);

const maxDepth = 64;

/**
 * The components of an object's calendars, in order, from pieces of its text; what does not nest as it should ends them.
 * @param maxLength how many characters of one are kept
 */
export async function* componentsOf(
  pieces: AsyncIterable<string>,
  maxLength: number,
): AsyncGenerator<ComponentText | Broken> {
  const open: string[] = [];
  let lines: string[] = [];
  let [line, began, length] = [0, 0, 0];
  const keep = (each: string) => {
    length += each.length;
    if (length <= maxLength) lines.push(each);
    else lines = [];
  };
  for await (const page of linesOf(pieces, maxLength)) {
    for (const each of page) {
      line++;
      if (!edges.has(each[0] ?? '') && open.length > 1) {
        keep(each);
        continue;
      }
      const [, edge, name = ''] = /^\uFEFF?(BEGIN|END):([\w-]+)\s*$/i.exec(each) ?? [];
      if (edge === undefined) {
        if (open.length === 0 && each.trim() !== '') return yield { broken: 'is outside of VCALENDAR', line };
        if (open.length > 1) keep(each);
        continue;
      }
      const component = name.toUpperCase();
      if (edge.toUpperCase() === 'BEGIN') {
        if (open.length === 0 && component !== 'VCALENDAR')
          return yield { broken: 'is outside of VCALENDAR', line };
        if (open.length === maxDepth) return yield { broken: 'nests too deep', line };
        open.push(component);
        if (open.length === 2) [lines, began, length] = [[], line, 0];
        if (open.length > 1) keep(each);
        continue;
      }
      if (open.pop() !== component) return yield { broken: `ends ${component}, which is not open`, line };
      if (open.length > 0) keep(each);
      if (open.length === 1) {
        yield { name: component, text: length > maxLength ? undefined : lines.join(''), line: began };
        lines = [];
      }
    }
  }
  if (open.length > 0) yield { broken: `lacks the end of ${open.at(-1)}`, line };
  if (line === 0) yield { broken: 'is empty', line: 1 };
}

function valueIn(name: string, unfolded: string): string | undefined {
  return new RegExp(`^${name}(?:;[^:\\r\\n]*)?:(.*)`, 'im').exec(unfolded)?.[1]?.trim();
}

// There are fewer zones in the world.
const maxLocations = 1_000;

/** The names that a calendar's VTIMEZONEs say their TZID has in the IANA database (X-LIC-LOCATION). */
export async function locationsOf(
  components: AsyncIterable<ComponentText | Broken>,
): Promise<ReadonlyMap<string, string>> {
  const locations = new Map<string, string>();
  for await (const component of components) {
    if ('broken' in component || component.name !== 'VTIMEZONE' || component.text === undefined) continue;
    const unfolded = component.text.replace(/\r?\n[ \t]/g, '');
    const [id, location] = [valueIn('TZID', unfolded), valueIn('X-LIC-LOCATION', unfolded)];
    if (id && location) locations.set(id, location);
    if (locations.size === maxLocations) break;
  }
  return locations;
}

/** The IANA name of a TZID: itself, the end of a path such as `/mozilla.org/…/Europe/Zurich`, or Windows' name of it. */
export function ianaZone(id: string, locations: ReadonlyMap<string, string>): string | undefined {
  const parts = id.split('/').filter((part) => part !== '');
  const ends = [3, 2, 1].map((count) => parts.slice(-count).join('/'));
  const candidates = [id, locations.get(id), windowsZones.get(id), ...(id.startsWith('/') ? ends : [])];
  return candidates.find((name): name is string => name !== undefined && isTimeZone(name));
}

type JcalProperty = [name: string, parameters: Record<string, string>, type: string, ...values: unknown[]];
type JcalComponent = [name: string, properties: JcalProperty[], components: JcalComponent[]];

/** A fault of a property, by its name in lower case. */
export interface PropertyFault {
  readonly property: string;
  readonly code: 'wrong-format' | 'not-allowed';
  readonly detail: string;
}

/** What a VTODO says, by the fields of a task; values are as they were found, and have still to be checked. */
export interface ReadTodo {
  readonly uid: string | undefined;
  readonly related: string | undefined;
  readonly fields: Record<string, unknown>;
  readonly faults: PropertyFault[];
}

function instantOf(property: JcalProperty | undefined): string | undefined {
  return property && String(property[3]);
}

function lineOfText(value: unknown): string {
  return String(value)
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .join(' ');
}

// The other way round than it is written: 1 to 9, of which each of ours stands for a range.
function priorityOf(value: number): string | undefined {
  if (value === 0) return undefined;
  if (value === todoPriorities.urgent) return 'urgent';
  if (value < todoPriorities.medium) return 'high';
  return value === todoPriorities.medium ? 'medium' : 'low';
}

const statuses: ReadonlyMap<string, string> = new Map(
  Object.entries(todoStatuses).map(([status, value]) => [value, status]),
);

interface ReadDue {
  readonly due_date: string | undefined;
  readonly due_time?: string;
  readonly time_zone?: string;
}

/** A due date from a DATE or DATE-TIME. */
function readDue(
  [name, { tzid }, type, value]: JcalProperty,
  locations: ReadonlyMap<string, string>,
): ReadDue | PropertyFault {
  const text = String(value);
  if (type === 'date') return { due_date: text };
  const [due_date, time = ''] = text.split('T');
  const due_time = time.slice(0, 5);
  if (time.endsWith('Z')) return { due_date, due_time, time_zone: 'UTC' };
  if (tzid === undefined) return { due_date, due_time };
  const time_zone = ianaZone(tzid, locations);
  if (time_zone !== undefined) return { due_date, due_time, time_zone };
  return { property: name, code: 'not-allowed', detail: `is in the time zone ${tzid}, which is not known` };
}

/** The end of a period that DTSTART and DURATION tell. */
function endOf(start: JcalProperty, duration: JcalProperty): JcalProperty {
  const time = ICAL.Time.fromString(String(start[3]), null as never);
  time.addDuration(ICAL.Duration.fromString(String(duration[3])));
  return [duration[0], start[1], start[2], time.toString()];
}

// As many minutes as a reminder can be before the due date.
const maxMinutes = 40_320;

/** What alarms count from. */
interface Moment {
  /** In milliseconds; on clocks that float, as if they were UTC's. */
  readonly time: number;
  readonly floats: boolean;
}

/** The moment of a date or time; undefined where it has a fault. */
function momentOf(
  property: JcalProperty | undefined,
  locations: ReadonlyMap<string, string>,
): Moment | undefined {
  if (!property) return undefined;
  const { due_date = '', due_time = '00:00', time_zone } = readDue(property, locations) as ReadDue;
  if (!isDate(due_date) || !/^([01]\d|2[0-3]):[0-5]\d$/.test(due_time)) return undefined;
  return {
    time: toInstant(due_date, due_time, time_zone ?? 'UTC').getTime(),
    floats: time_zone === undefined,
  };
}

/**
 * A reminder: so many minutes before the due date, or an instant, which stands in where those are too many or there is
 * no due date; undefined for what is neither.
 */
function readAlarm(
  [, properties]: JcalComponent,
  { start, due }: { readonly start: Moment | undefined; readonly due: Moment | undefined },
): Record<string, unknown> | undefined {
  const trigger = properties.find(([name]) => name === 'trigger');
  if (!trigger) return undefined;
  if (trigger[2] === 'date-time') return { at: String(trigger[3]) };
  // A duration counts from the start, where there is one, unless it says the end (RFC 5545, section 3.8.6.3).
  const anchor = trigger[1].related?.toUpperCase() === 'END' ? due : (start ?? due);
  if (!anchor) return undefined;
  const time = anchor.time + ICAL.Duration.fromString(String(trigger[3])).toSeconds() * 1_000;
  const minutes = due && Math.floor((due.time - time) / 60_000);
  if (!anchor.floats && (minutes === undefined || minutes > maxMinutes))
    return { at: new Date(time).toISOString() };
  return minutes === undefined || minutes < 0 ? undefined : { minutes_before_due: minutes };
}

function recurOf(property: JcalProperty): string {
  // A day that ends a rule may be a time without a zone, which our rules don't have.
  return ICAL.Recur.fromData(property[3] as never)
    .toString()
    .replace(/(UNTIL=\d{8})T\d{6}(?!\d*Z)/, '$1');
}

/** Reads a VTODO. @throws if it is not iCalendar. */
export function readTodo(text: string, locations: ReadonlyMap<string, string>): ReadTodo {
  const [, properties, components] = ICAL.parse(text) as unknown as JcalComponent;
  const first = (name: string) => properties.find((each) => each[0] === name);
  const textOf = (name: string) => first(name)?.[3] as string | undefined;
  const fields: Record<string, unknown> = {};
  const faults: PropertyFault[] = [];
  const set = (field: string, value: unknown) => {
    if (value !== undefined) fields[field] = value;
  };

  const summary = textOf('summary');
  set('title', summary && lineOfText(summary));
  set('description', textOf('description') || undefined);
  const status = textOf('status');
  const done = first('completed') !== undefined;
  set('status', status === undefined ? (done ? 'completed' : undefined) : statuses.get(status.toUpperCase()));
  if (status !== undefined && fields.status === undefined) {
    const detail = `must be one of ${[...statuses.keys()].join(', ')}`;
    faults.push({ property: 'status', code: 'not-allowed', detail });
  }
  if (fields.status === 'completed') set('completed_at', instantOf(first('completed')));
  set('created_at', instantOf(first('created')));
  const priority = first('priority')?.[3];
  if (priority !== undefined) set('priority', priorityOf(Number(priority)));
  const tags = properties.filter(([name]) => name === 'categories').flatMap(([, , , ...values]) => values);
  if (tags.length > 0)
    set(
      'tags',
      tags.map(lineOfText).filter((tag) => tag.trim() !== ''),
    );

  const [start, duration, rule] = [first('dtstart'), first('duration'), first('rrule')];
  const due = first('due') ?? (start && duration ? endOf(start, duration) : rule && start);
  const read = due && readDue(due, locations);
  if (read && 'property' in read) faults.push(read);
  else Object.assign(fields, read);
  if (rule) set('rrule', recurOf(rule));
  if (textOf('x-tasklane-repeat-from')?.toUpperCase() === 'COMPLETION') set('repeat_from', 'completion');
  for (const name of ['rdate', 'exdate', 'exrule']) {
    if (first(name))
      faults.push({ property: name, code: 'not-allowed', detail: 'is nothing that a task can have' });
  }
  const period = { start: momentOf(start, locations), due: momentOf(due || undefined, locations) };
  const reminders = components
    .filter(([name]) => name === 'valarm')
    .flatMap((alarm) => readAlarm(alarm, period) ?? []);
  if (reminders.length > 0) set('reminders', reminders);

  const parent = properties.find(
    ([name, { reltype = 'PARENT' }]) => name === 'related-to' && reltype.toUpperCase() === 'PARENT',
  );
  return { uid: textOf('uid'), related: parent && String(parent[3]), fields, faults };
}
