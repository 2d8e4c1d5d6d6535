/** Tasks of other products on the way to fields of a task. */
import { parseRule } from '../recurrence/parse';
import { timeIn, todayIn } from '../time/calendar';
import { isTimeZone } from '../time/zones';
import { addExtras, type Extra, maxDescription } from './extras';
import { cut, fitTags, fitTitle, maxReminders, toLine } from './fit';
import type { ReadWarning } from './warning';

/** The project of a task. Projects with the same name are one project. */
export interface ForeignProject {
  readonly name: string;
  readonly color?: string | null;
  readonly archived?: boolean;
  readonly warnings?: readonly ReadWarning[];
}

/** A task of another product, as fields of a task. The values are not validated by the task's schema yet. */
export interface ForeignTask {
  /** What identifies the task in all files of the product; undefined if the product does not export it. */
  readonly key: string | undefined;
  /** The `key` of the parent. */
  readonly parentKey: string | undefined;
  readonly project: ForeignProject | undefined;
  readonly fields: Record<string, unknown>;
  readonly warnings: readonly ReadWarning[];
}

/** What tasks are read with. */
export interface ForeignContext {
  /** The time zone of the profile. */
  readonly timeZone: string;
  readonly now: Date;
}

const maxProjectName = 100;
const maxLinks = 20;
const maxLinkTitle = 200;
const linkAddress = /^(?:https?:\/\/|mailto:)[^\s\p{Cc}]{1,2040}$/iu;
const hexColor = /^#?([0-9a-f]{6})$/i;

/** A text value, without lone surrogates and NUL; empty for other values. */
export function textOf(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '') : '';
}

/** A value as an object; an empty one for other values. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** A value as an array; an empty one for other values. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A project with a name that fits; undefined without a name. */
export function projectOf(
  name: unknown,
  others: Omit<ForeignProject, 'name'> = {},
): ForeignProject | undefined {
  const line = cut(toLine(textOf(name)), maxProjectName);
  return line === '' ? undefined : { ...others, name: line };
}

/** A colour such as `#2f855a`; null if the value is none. */
export function colorOf(value: unknown): string | null {
  const [, hex] = hexColor.exec(textOf(value)) ?? [];
  return hex === undefined ? null : `#${hex.toLowerCase()}`;
}

const instantText =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(?:(Z)|([+-]\d\d):?(\d\d))$/i;

/** An instant of a text such as `2026-11-21T10:00:00+0000`, or of milliseconds since 1970; undefined if it is none. */
export function instantIn(value: unknown): Date | undefined {
  let instant: Date | undefined;
  if (typeof value === 'number') instant = new Date(value);
  else {
    const [, date, time, seconds = '00', fraction = '0', utc, hours, minutes] =
      instantText.exec(textOf(value).slice(0, 40)) ?? [];
    if (date === undefined) return undefined;
    const offset = utc === undefined ? `${hours}:${minutes}` : 'Z';
    instant = new Date(`${date}T${time}:${seconds}.${fraction.slice(0, 3)}${offset}`);
  }
  const year = instant.getUTCFullYear();
  return year >= 1 && year <= 9999 ? instant : undefined;
}

/** An IANA time zone; undefined if the value is none. */
export function zoneIn(value: unknown): string | undefined {
  const name = textOf(value).trim();
  return name !== '' && name.length <= 64 && isTimeZone(name) ? name : undefined;
}

type Reminder = Readonly<Record<string, unknown>>;

/** Collects the fields and warnings of one task. */
export function createForeignTask({ timeZone, now }: ForeignContext) {
  const fields: Record<string, unknown> = {};
  const warnings: ReadWarning[] = [];
  const extras: Extra[] = [];
  const links = new Map<string, string | null>();
  const tags: { field: string; names: string[] }[] = [];
  const reminders = new Map<string, Reminder>();
  let [title, titleField, description]: [string, string, string] = ['', 'title', ''];

  const task = {
    fields,
    warn(field: string, found: unknown, used: string | null, detail: string): void {
      warnings.push({ field, found: found === null ? null : shown(found), used, detail });
    },
    /** Sets a field, unless the value is undefined. */
    set(field: string, value: unknown): void {
      if (value !== undefined) fields[field] = value;
    },
    title(field: string, text: unknown): void {
      [titleField, title] = [field, textOf(text)];
    },
    /** Adds a paragraph to the description. */
    describe(text: unknown): void {
      const paragraph = textOf(text).trim();
      if (paragraph !== '') description += (description === '' ? '' : '\n\n') + paragraph;
    },
    /** Keeps a value without a field of its own at the end of the description. */
    extra(field: string, label: string, value: unknown): void {
      const line = textOf(value).trim();
      if (line !== '') extras.push({ field, label, value: line });
    },
    /** Keeps the cells of columns that are not known. */
    otherCells(cells: Readonly<Record<string, string>>, known: ReadonlySet<string>): void {
      for (const [column, cell] of Object.entries(cells))
        if (column !== '' && !known.has(column)) task.extra(column, column.slice(0, 50), cell);
    },
    tags(field: string, names: readonly unknown[]): void {
      tags.push({ field, names: names.map(textOf).filter((name) => name.trim() !== '') });
    },
    /** Adds an address as a link, or as a line of the description if it cannot be one. */
    link(field: string, url: unknown, name: unknown): void {
      const address = textOf(url).trim();
      if (address === '') return;
      if (linkAddress.test(address) && (links.has(address) || links.size < maxLinks)) {
        links.set(address, cut(toLine(textOf(name)), maxLinkTitle) || null);
      } else task.extra(field, 'Attachment', [textOf(name).trim(), address].filter(Boolean).join(' '));
    },
    /** Adds a reminder as the fields of `ReminderInput`. */
    remind(reminder: Reminder): void {
      reminders.set(JSON.stringify(reminder), reminder);
    },
    /** Sets a recurrence rule. A rule that a task cannot have is kept as a text. */
    rule(field: string, text: unknown, repeatFrom: 'schedule' | 'completion' = 'schedule'): void {
      const value = textOf(text).trim();
      const rule = value.replace(/^RRULE:/i, '').toUpperCase();
      if (rule === '') return;
      if (Array.isArray(parseRule(rule))) {
        task.extra(field, 'Repeats', value);
        return;
      }
      fields.rrule = rule;
      if (repeatFrom === 'completion') fields.repeat_from = 'completion';
    },
    /** Sets a timestamp. What is no instant is left out with a warning. */
    instant(field: string, target: 'created_at' | 'completed_at', value: unknown): void {
      if (value === undefined || value === null || value === '') return;
      const instant = instantIn(value);
      if (!instant) task.warn(field, value, null, 'is not a time');
      else if (target === 'completed_at' && instant > now)
        task.warn(field, value, null, 'is in the future, so the time of the import is used');
      else fields[target] = instant.toISOString();
    },
    /** Sets the due date or the start to an instant, as a local time in a time zone or as a whole day. */
    moment(kind: 'due' | 'start', instant: Date, zone: string | undefined, isAllDay: boolean): void {
      const local = zone ?? timeZone;
      fields[`${kind}_date`] = todayIn(local, instant);
      if (isAllDay) return;
      fields[`${kind}_time`] = timeIn(local, instant).slice(0, 5);
      fields.time_zone = local;
    },
    /** The task with everything that was collected. */
    finish(
      identity: Pick<ForeignTask, 'key' | 'parentKey' | 'project'>,
      projectName: unknown = undefined,
    ): ForeignTask {
      repair(task);
      const fitted = fitTitle(titleField, title, description);
      const kept = addExtras(fitted.description.slice(0, maxDescription), extras);
      if (fitted.description.length > maxDescription) {
        const detail = `has more than ${maxDescription} characters; the rest is left out`;
        task.warn('description', fitted.description, null, detail);
      }
      const names = tags.map(({ field, names }) => fitTags(field, names));
      const all = fitTags(
        'tags',
        names.flatMap((each) => each.tags),
      );
      fields.title = fitted.title;
      if (kept.description !== '') fields.description = kept.description.toWellFormed();
      if (all.tags.length > 0) fields.tags = all.tags;
      if (links.size > 0) fields.links = [...links].map(([url, name]) => ({ url, title: name }));
      const needsDue = ({ at }: Reminder) => at === undefined;
      const every = [...reminders.values()];
      const reminded = fields.due_date === undefined ? every.filter((each) => !needsDue(each)) : every;
      if (reminded.length < every.length)
        task.warn('reminders', every.filter(needsDue), null, 'count from the due date, which the task lacks');
      if (reminded.length > maxReminders) {
        const detail = `are too many; the first ${maxReminders} are kept`;
        task.warn('reminders', `${reminded.length} reminders`, `${maxReminders} reminders`, detail);
      }
      if (reminded.length > 0) fields.reminders = reminded.slice(0, maxReminders);
      const found = toLine(textOf(projectName));
      if (identity.project && found !== '' && found !== identity.project.name)
        task.warn('project', found, identity.project.name, `has more than ${maxProjectName} characters`);
      return {
        ...identity,
        fields,
        warnings: [
          ...fitted.warnings,
          ...warnings,
          ...names.flatMap((each) => each.warnings),
          ...all.warnings,
          ...kept.warnings,
        ],
      };
    },
  };
  return task;
}

/** The builder of one task, see `createForeignTask`. */
export type ForeignBuilder = ReturnType<typeof createForeignTask>;

/** A value for a warning. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '').slice(0, 1_000);
}

/** Leaves out what a task cannot have together, with a warning. */
function repair({ fields, warn, extra }: ForeignBuilder): void {
  const leaveOut = (field: string, names: readonly string[], detail: string) => {
    warn(field, fields[field], null, detail);
    for (const name of names) delete fields[name];
  };
  const pointOf = (kind: string) => `${fields[`${kind}_date`]}T${fields[`${kind}_time`] ?? '00:00'}`;
  const isSame = fields.start_date === fields.due_date && fields.start_time === fields.due_time;
  // Several products write the same time as start and due date.
  if (fields.start_date !== undefined && fields.due_date !== undefined && isSame) {
    delete fields.start_date;
    delete fields.start_time;
  } else if (
    fields.due_date !== undefined &&
    fields.start_date !== undefined &&
    pointOf('start') > pointOf('due')
  ) {
    leaveOut('start_date', ['start_date', 'start_time'], 'is after the due date');
  }
  if (fields.completed_at !== undefined && fields.status !== 'completed')
    leaveOut('completed_at', ['completed_at'], 'is left out, because the task is not completed');
  if (fields.rrule === undefined) return;
  // A rule needs a due date.
  if (fields.due_date === undefined && fields.start_date !== undefined) {
    fields.due_date = fields.start_date;
    if (fields.start_time !== undefined) fields.due_time = fields.start_time;
    delete fields.start_date;
    delete fields.start_time;
  }
  const isHourly = String(fields.rrule).includes('FREQ=HOURLY');
  if (fields.due_date !== undefined && (!isHourly || fields.due_time !== undefined)) return;
  extra('rrule', 'Repeats', fields.rrule);
  delete fields.rrule;
  delete fields.repeat_from;
}
