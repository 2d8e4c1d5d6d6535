/** Vikunja, in the shape of `data.json` of its export: projects with their tasks. */
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
import { describeHtml, plainText } from '../html';
import type { ReadWarning } from '../warning';

type Item = Readonly<Record<string, unknown>>;

const keyOf = (id: unknown) => (textOf(id) === '' || id === 0 ? undefined : `vikunja/${textOf(id)}`);

// The priorities 0 (unset) to 5 ("do now").
const priorities = [undefined, 'low', 'medium', 'high', 'urgent', 'urgent'];

/** An instant; undefined for the year 1, which stands for no time. */
function timeIn(value: unknown): Date | undefined {
  const instant = instantIn(value);
  return instant && instant.getUTCFullYear() > 1 ? instant : undefined;
}

/** A project of an export, without its tasks. */
export interface VikunjaProject {
  readonly project: ForeignProject | undefined;
  /** The titles of its buckets by their ids. */
  readonly buckets: ReadonlyMap<string, string>;
}

/** Reads a project. */
export function readVikunjaProject(value: Item): VikunjaProject {
  const buckets = new Map(
    listOf(value.buckets).map((each) => [textOf(objectOf(each).id), textOf(objectOf(each).title)] as const),
  );
  const warnings: ReadWarning[] = [];
  const warn = (field: string, detail: string) => {
    const found = textOf(value[field]);
    if (found !== '' && found !== '0') warnings.push({ field, found, used: null, detail });
  };
  warn('description', 'is left out, because projects have no description');
  warn('parent_project_id', 'is left out, because projects have no parent');
  const others = { color: colorOf(value.hex_color), archived: value.is_archived === true, warnings };
  return { project: projectOf(value.title, others), buckets };
}

const secondsOf = { hour: 3_600, day: 86_400, week: 604_800 };

/** The rule that repeats after a number of seconds; undefined if there is none. */
function ruleOf(seconds: number): string | undefined {
  const every = (frequency: string, unit: number) =>
    seconds % unit === 0 ? `FREQ=${frequency};INTERVAL=${seconds / unit}` : undefined;
  if (!Number.isSafeInteger(seconds) || seconds <= 0) return undefined;
  return every('WEEKLY', secondsOf.week) ?? every('DAILY', secondsOf.day) ?? every('HOURLY', secondsOf.hour);
}

function readRecurrence({ repeat_after, repeat_mode }: Item, task: ForeignBuilder): void {
  const seconds = Number(repeat_after ?? 0);
  const from = repeat_mode === 2 ? 'completion' : 'schedule';
  const rule = repeat_mode === 1 ? 'FREQ=MONTHLY' : ruleOf(seconds);
  if (rule !== undefined) task.rule('repeat_after', rule.replace(/;INTERVAL=1$/, ''), from);
  else if (seconds > 0) task.extra('repeat_after', 'Repeats', `every ${seconds} seconds`);
}

function readReminders(reminders: unknown, task: ForeignBuilder): void {
  for (const each of listOf(reminders)) {
    // Earlier versions export instants.
    const { reminder, relative_period, relative_to } =
      typeof each === 'string' ? { reminder: each } : objectOf(each);
    const minutes = -Number(relative_period) / 60;
    const isBeforeDue =
      relative_to === 'due_date' && Number.isInteger(minutes) && minutes >= 0 && minutes <= 40_320;
    const instant = timeIn(reminder);
    if (isBeforeDue) task.remind({ minutes_before_due: minutes });
    else if (instant) task.remind({ at: instant.toISOString() });
    else task.warn('reminders', each, null, 'is not a reminder that a task can have');
  }
}

function readRelations(related: Item, task: ForeignBuilder): string | undefined {
  let parent: string | undefined;
  for (const [kind, tasks] of Object.entries(related)) {
    for (const each of listOf(tasks)) {
      const { id, title } = objectOf(each);
      if (kind === 'parenttask' && parent === undefined) parent = keyOf(id);
      else if (kind === 'parenttask') task.warn('related_tasks', title ?? id, null, 'is a second parent');
      // The subtask names its parent.
      else if (kind !== 'subtask') task.extra('related_tasks', `Related (${kind})`, textOf(title) || id);
    }
  }
  return parent;
}

/** Reads a task of a project. */
export function readVikunjaTask(
  value: unknown,
  { project, buckets }: VikunjaProject,
  context: ForeignContext,
): ForeignTask {
  const item = objectOf(value);
  const task = createForeignTask(context);
  task.title('title', item.title);
  describeHtml('description', item.description, task);
  const percent = Math.round(Number(item.percent_done ?? 0) * 100);
  const isPartly = item.done !== true && percent > 0 && percent < 100;
  task.set('status', item.done === true ? 'completed' : isPartly ? 'in_progress' : 'pending');
  if (isPartly) task.extra('percent_done', 'Percent complete', percent);
  readPriority(item.priority, task);
  task.set('created_at', timeIn(item.created)?.toISOString());
  if (item.done === true && timeIn(item.done_at)) task.instant('done_at', 'completed_at', item.done_at);
  const [due, start] = [timeIn(item.due_date), timeIn(item.start_date)];
  if (due) task.moment('due', due, undefined, false);
  if (start) task.moment('start', start, undefined, false);
  task.extra('end_date', 'End', timeIn(item.end_date)?.toISOString());
  readRecurrence(item, task);
  readReminders(item.reminders, task);
  task.tags(
    'labels',
    listOf(item.labels).map((label) => objectOf(label).title),
  );
  const bucket = buckets.get(textOf(item.bucket_id)) ?? '';
  if (bucket !== '') {
    task.tags('bucket_id', [bucket]);
    task.warn('bucket_id', bucket, bucket, 'is the bucket of the task, which becomes a tag');
  }
  if (item.is_favorite === true) {
    task.tags('is_favorite', ['favorite']);
    task.warn('is_favorite', 'true', 'favorite', 'becomes a tag');
  }
  const people = listOf(item.assignees).map((each) => objectOf(each).name || objectOf(each).username);
  task.extra('assignees', 'Assigned to', people.map(textOf).filter(Boolean).join(', '));
  if (colorOf(item.hex_color) !== null)
    task.warn('hex_color', item.hex_color, null, 'is left out, because tasks have no colour');
  for (const each of listOf(item.attachments)) {
    const { name } = objectOf(objectOf(each).file);
    task.warn('attachments', name ?? null, null, 'is a file, which a task cannot have');
  }
  for (const each of listOf(item.comments)) {
    const { comment } = objectOf(each);
    task.extra('comments', 'Comment', plainText(textOf(comment)));
  }
  const parentKey = readRelations(objectOf(item.related_tasks), task);
  return task.finish({ key: keyOf(item.id), parentKey, project }, project?.name);
}

function readPriority(value: unknown, task: ForeignBuilder): void {
  const priority = priorities[Number(value ?? 0)];
  task.set('priority', priority);
  if (priority === undefined && value !== 0 && value !== undefined && value !== null)
    task.warn('priority', value, null, 'is not a whole number from 0 to 5');
}
