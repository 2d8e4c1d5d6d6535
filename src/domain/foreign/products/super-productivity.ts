/** Super Productivity, in the shape of its backup: entities by their ids. */
import { parseRule } from '../../recurrence/parse';
import { occurrences } from '../../recurrence/schedule';
import { addDays, isDate, todayIn } from '../../time/calendar';
import {
  colorOf,
  createForeignTask,
  type ForeignBuilder,
  type ForeignContext,
  type ForeignProject,
  type ForeignTask,
  instantIn,
  listOf,
  objectOf,
  projectOf,
  textOf,
} from '../foreign-task';

type Item = Readonly<Record<string, unknown>>;

const keyOf = (id: unknown) => (textOf(id) === '' ? undefined : `super-productivity/${textOf(id)}`);

/** What tasks refer to, by ids. */
export interface SuperProductivityBackup {
  readonly projects: Map<string, ForeignProject>;
  readonly tags: Map<string, string>;
  readonly repeats: Map<string, Item>;
  /** The instants of the reminders of earlier versions. */
  readonly reminders: Map<string, unknown>;
  /** The open task of each repeat configuration. */
  readonly openRepeats: Map<string, string>;
}

// A project that stands for no project, and a tag that stands for the tasks of today.
const inbox = 'INBOX_PROJECT';
const today = 'TODAY';

/** Reads a project; undefined if it stands for no project. */
export function readSuperProject(value: unknown): ForeignProject | undefined {
  const { id, title, theme, isArchived } = objectOf(value);
  if (id === inbox) return undefined;
  return projectOf(title, { color: colorOf(objectOf(theme).primary), archived: isArchived === true });
}

/** Reads the name of a tag; undefined if it stands for no tag. */
export function readSuperTag(value: unknown): string | undefined {
  const { id, title } = objectOf(value);
  return id === today ? undefined : textOf(title).slice(0, 200);
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const frequencies: ReadonlySet<unknown> = new Set(['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY']);

/** The rule of a repeat configuration. */
function ruleOf(repeat: Item): string {
  const cycle = frequencies.has(repeat.repeatCycle) ? textOf(repeat.repeatCycle) : 'DAILY';
  const every = Number(repeat.repeatEvery ?? 1);
  const interval = every > 1 ? `;INTERVAL=${every}` : '';
  const days = weekdays.filter((day) => repeat[day] === true).map((day) => day.slice(0, 2).toUpperCase());
  const byDay = cycle === 'WEEKLY' && days.length > 0 ? `;BYDAY=${days.join()}` : '';
  return `FREQ=${cycle}${interval}${byDay}`;
}

function readRepeat(repeat: Item, task: ForeignBuilder): void {
  const rule = ruleOf(repeat);
  if (repeat.isPaused === true) {
    task.extra('repeatCfgId', 'Repeats (paused)', rule);
    return;
  }
  // A configuration counts from its first day, which is not in the file of every version.
  task.rule('repeatCfgId', rule, repeat.repeatFromCompletionDate === true ? 'completion' : 'schedule');
}

function duration(milliseconds: unknown): string {
  const minutes = Math.round(Number(milliseconds ?? 0) / 60_000);
  if (!Number.isSafeInteger(minutes) || minutes <= 0) return '';
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const dayIn = (value: unknown) => (typeof value === 'string' && isDate(value) ? value : undefined);

/** Sets the due date or the start: a day, or an instant in milliseconds. */
function readMoment(kind: 'due' | 'start', day: unknown, time: unknown, task: ForeignBuilder): void {
  const instant = typeof time === 'number' ? instantIn(time) : undefined;
  if (instant) task.moment(kind, instant, undefined, false);
  else task.set(`${kind}_date`, dayIn(day));
  if (!instant && dayIn(day) === undefined && typeof day === 'string' && day !== '')
    task.warn('dueDay', day, null, 'is not a date');
}

/** Reads a task, archived or not. */
export function readSuperTask(
  value: unknown,
  backup: SuperProductivityBackup,
  context: ForeignContext,
): ForeignTask {
  const item = objectOf(value);
  const task = createForeignTask(context);
  const isDone = item.isDone === true;
  task.title('title', item.title);
  task.describe(item.notes);
  task.set('status', isDone ? 'completed' : 'pending');
  task.set('created_at', instantIn(item.created)?.toISOString());
  if (isDone) task.instant('doneOn', 'completed_at', item.doneOn);
  const hasDeadline = item.deadlineDay != null || item.deadlineWithTime != null;
  if (hasDeadline) readMoment('due', item.deadlineDay, item.deadlineWithTime, task);
  readMoment(hasDeadline ? 'start' : 'due', item.dueDay, item.dueWithTime ?? item.plannedAt, task);
  const remindAt = instantIn(item.remindAt) ?? instantIn(backup.reminders.get(textOf(item.reminderId)));
  if (remindAt) task.remind({ at: remindAt.toISOString() });
  task.tags(
    'tagIds',
    listOf(item.tagIds).map((id) => backup.tags.get(textOf(id))),
  );
  const repeat = backup.repeats.get(textOf(item.repeatCfgId));
  if (repeat && backup.openRepeats.get(textOf(item.repeatCfgId)) === item.id) readRepeat(repeat, task);
  for (const each of listOf(item.attachments)) {
    const { path, title, type } = objectOf(each);
    if (type === 'NOTE') task.extra('attachments', 'Note', path ?? title);
    else task.link('attachments', path, title);
  }
  task.extra('timeEstimate', 'Time estimate', duration(item.timeEstimate));
  task.extra('timeSpent', 'Time spent', duration(item.timeSpent));
  task.extra('issueId', 'Issue', item.issueId && [item.issueType, item.issueId].map(textOf).join(' ').trim());
  const project = backup.projects.get(textOf(item.projectId));
  return task.finish({ key: keyOf(item.id), parentKey: keyOf(item.parentId), project });
}

/** The next task of a repeat configuration without an open task; undefined if it is paused or has ended. */
export function readSuperRepeat(
  repeat: Item,
  backup: SuperProductivityBackup,
  context: ForeignContext,
): ForeignTask | undefined {
  const rule = parseRule(ruleOf(repeat));
  if (repeat.isPaused === true || Array.isArray(rule)) return undefined;
  const now = todayIn(context.timeZone, context.now);
  const start = dayIn(repeat.startDate) ?? now;
  const [due] = start >= now ? [start] : occurrences(rule, start, { after: addDays(now, -1), limit: 1 });
  if (due === undefined) return undefined;
  const task = createForeignTask(context);
  task.title('title', repeat.title);
  task.describe(repeat.notes);
  task.set('due_date', due);
  const [time] = /^(?:[01]\d|2[0-3]):[0-5]\d$/.exec(textOf(repeat.startTime)) ?? [];
  if (time !== undefined) {
    task.set('due_time', time);
    task.set('time_zone', context.timeZone);
  }
  readRepeat(repeat, task);
  task.tags(
    'tagIds',
    listOf(repeat.tagIds).map((id) => backup.tags.get(textOf(id))),
  );
  task.warn('taskRepeatCfg', repeat.title ?? null, due, 'has no open task, so its next one is created');
  const project = backup.projects.get(textOf(repeat.projectId));
  return task.finish({ key: keyOf(`repeat/${textOf(repeat.id)}`), parentKey: undefined, project });
}
