/** Microsoft To Do, in the shape of Microsoft Graph (`todoTask`). */
import { ianaZone } from '../../icalendar/zones';
import { isDate, toInstant } from '../../time/calendar';
import {
  createForeignTask,
  type ForeignBuilder,
  type ForeignContext,
  type ForeignTask,
  listOf,
  objectOf,
  projectOf,
  textOf,
  zoneIn,
} from '../foreign-task';
import { describeHtml } from '../html';

type Item = Readonly<Record<string, unknown>>;

const keyOf = (id: unknown) => (textOf(id) === '' ? undefined : `microsoft-todo/${textOf(id)}`);

const statuses: ReadonlyMap<unknown, string> = new Map([
  ['notStarted', 'pending'],
  ['inProgress', 'in_progress'],
  ['completed', 'completed'],
  ['waitingOnOthers', 'pending'],
  ['deferred', 'pending'],
]);
const priorities: ReadonlyMap<unknown, string> = new Map([
  ['low', 'low'],
  ['normal', 'medium'],
  ['high', 'high'],
]);

/** A `dateTimeTimeZone`: a local time, and its time zone as an IANA name or a name of Windows. */
interface ZonedTime {
  readonly date: string;
  readonly time: string;
  readonly zone: string;
}

function zonedTime(value: unknown, { timeZone }: ForeignContext): ZonedTime | undefined {
  const { dateTime, timeZone: name } = objectOf(value);
  const [, date, time] = /^(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d)/.exec(textOf(dateTime)) ?? [];
  if (date === undefined || time === undefined || !isDate(date)) return undefined;
  const zone = zoneIn(name) ?? ianaZone(textOf(name), new Map())?.zone ?? timeZone;
  return { date, time, zone };
}

const toDate = ({ date, time, zone }: ZonedTime) => toInstant(date, time, zone);

const days: Readonly<Record<string, string>> = {
  ...{ monday: 'MO', tuesday: 'TU', wednesday: 'WE', thursday: 'TH' },
  ...{ friday: 'FR', saturday: 'SA', sunday: 'SU' },
};
const indexes: Readonly<Record<string, number>> = { first: 1, second: 2, third: 3, fourth: 4, last: -1 };

/** The rule of a `patternedRecurrence`; undefined if it is none. */
function ruleOf(recurrence: Item): string | undefined {
  const [pattern, range] = [objectOf(recurrence.pattern), objectOf(recurrence.range)];
  const byDay = listOf(pattern.daysOfWeek).map((day) => days[textOf(day).toLowerCase()]);
  const index = indexes[textOf(pattern.index || 'first').toLowerCase()];
  const nth = `BYDAY=${byDay.join()};BYSETPOS=${index}`;
  const bodies: Readonly<Record<string, string>> = {
    daily: 'FREQ=DAILY',
    weekly: `FREQ=WEEKLY${byDay.length > 0 ? `;BYDAY=${byDay.join()}` : ''}`,
    absoluteMonthly: `FREQ=MONTHLY;BYMONTHDAY=${textOf(pattern.dayOfMonth)}`,
    relativeMonthly: `FREQ=MONTHLY;${nth}`,
    absoluteYearly: `FREQ=YEARLY;BYMONTH=${textOf(pattern.month)};BYMONTHDAY=${textOf(pattern.dayOfMonth)}`,
    relativeYearly: `FREQ=YEARLY;BYMONTH=${textOf(pattern.month)};${nth}`,
  };
  const type = textOf(pattern.type);
  const body = Object.hasOwn(bodies, type) ? bodies[type] : undefined;
  if (body === undefined) return undefined;
  const interval = Number(pattern.interval ?? 1) > 1 ? `;INTERVAL=${textOf(pattern.interval)}` : '';
  const week = days[textOf(pattern.firstDayOfWeek).toLowerCase()];
  const start = type === 'weekly' && interval !== '' && week !== undefined ? `;WKST=${week}` : '';
  return `${body}${interval}${start}${endOf(range)}`;
}

function endOf(range: Item): string {
  if (range.type === 'endDate') return `;UNTIL=${textOf(range.endDate).replaceAll('-', '')}`;
  return range.type === 'numbered' ? `;COUNT=${textOf(range.numberOfOccurrences)}` : '';
}

function readRecurrence(value: unknown, task: ForeignBuilder): void {
  if (value === undefined || value === null) return;
  const rule = ruleOf(objectOf(value));
  const before = task.fields.rrule;
  if (rule !== undefined) task.rule('recurrence', rule);
  if (rule === undefined && before === undefined) task.extra('recurrence', 'Repeats', JSON.stringify(value));
}

/**
 * Reads a task of a list.
 * @param list the name of the list
 */
export function readMicrosoftTask(value: unknown, list: unknown, context: ForeignContext): ForeignTask {
  const item = objectOf(value);
  const task = createForeignTask(context);
  task.title('title', item.title);
  const { content, contentType } = objectOf(item.body);
  if (textOf(contentType).toLowerCase() === 'html') describeHtml('body', content, task);
  else task.describe(content);
  const status = statuses.get(item.status);
  task.set('status', status ?? 'pending');
  if (
    item.status === 'waitingOnOthers' ||
    item.status === 'deferred' ||
    (status === undefined && item.status)
  )
    task.warn('status', item.status, 'pending', 'is a status that tasks do not have');
  task.set('priority', priorities.get(item.importance));
  task.instant('createdDateTime', 'created_at', item.createdDateTime);
  const [due, start, completed, reminder] = (
    ['dueDateTime', 'startDateTime', 'completedDateTime', 'reminderDateTime'] as const
  ).map((field) => {
    const found = item[field];
    const read = zonedTime(found, context);
    if (!read && found !== undefined && found !== null)
      task.warn(field, found, null, 'is not a time with a time zone');
    return read;
  });
  // The product has no due times: it writes midnight of the user, usually in UTC.
  if (due) readDay('due', due, task, context);
  if (start) readDay('start', start, task, context);
  if (completed) task.instant('completedDateTime', 'completed_at', toDate(completed).toISOString());
  if (reminder && item.isReminderOn !== false) task.remind({ at: toDate(reminder).toISOString() });
  task.tags('categories', listOf(item.categories));
  readRecurrence(item.recurrence, task);
  for (const each of listOf(item.linkedResources)) {
    const { webUrl, displayName, applicationName } = objectOf(each);
    task.link('linkedResources', webUrl, displayName ?? applicationName);
  }
  for (const each of listOf(item.attachments))
    task.warn('attachments', objectOf(each).name ?? null, null, 'is a file, which a task cannot have');
  return task.finish({ key: keyOf(item.id), parentKey: undefined, project: projectOf(list) }, list);
}

function readDay(
  kind: 'due' | 'start',
  moment: ZonedTime,
  task: ForeignBuilder,
  context: ForeignContext,
): void {
  if (moment.time === '00:00') task.set(`${kind}_date`, moment.date);
  else task.moment(kind, toDate(moment), context.timeZone, true);
}

/** Reads a step of a task, as a subtask. */
export function readMicrosoftStep(
  value: unknown,
  taskId: unknown,
  list: unknown,
  context: ForeignContext,
): ForeignTask {
  const step = objectOf(value);
  const task = createForeignTask(context);
  task.title('displayName', step.displayName);
  task.set('status', step.isChecked === true ? 'completed' : 'pending');
  task.instant('createdDateTime', 'created_at', step.createdDateTime);
  if (step.isChecked === true) task.instant('checkedDateTime', 'completed_at', step.checkedDateTime);
  const key = keyOf(textOf(step.id) && `${textOf(taskId)}/${textOf(step.id)}`);
  return task.finish({ key, parentKey: keyOf(taskId), project: projectOf(list) }, list);
}
