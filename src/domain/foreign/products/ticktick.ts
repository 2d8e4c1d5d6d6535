/** TickTick, in the shape of the CSV file of its backup. */
import {
  createForeignTask,
  type ForeignBuilder,
  type ForeignContext,
  type ForeignTask,
  instantIn,
  projectOf,
  zoneIn,
} from '../foreign-task';

/** The cells of a record by the names of their columns, such as `due_date`. */
export type Cells = Readonly<Record<string, string>>;

/** True if a header is one of TickTick. */
export const isTickTickHeader = (columns: readonly string[]) =>
  ['list_name', 'title', 'is_check_list', 'status'].every((name) => columns.includes(name));

/** True for a record before the header: the date, the version and the meaning of the column `Status`. */
export const isTickTickPreamble = (cells: readonly string[]) =>
  /^(?:date|version|status): /i.test(`${cells[0]} `) && cells.slice(1).every((cell) => cell.trim() === '');

const columns: ReadonlySet<string> = new Set([
  ...[
    'folder_name',
    'list_name',
    'title',
    'kind',
    'tags',
    'content',
    'is_check_list',
    'start_date',
    'due_date',
  ],
  ...['reminder', 'repeat', 'priority', 'status', 'created_time', 'completed_time', 'order', 'timezone'],
  ...[
    'is_all_day',
    'is_floating',
    'column_name',
    'column_order',
    'view_mode',
    'taskid',
    'parentid',
    'projectkind',
  ],
]);

const priorities: ReadonlyMap<string, string> = new Map([
  ['1', 'low'],
  ['3', 'medium'],
  ['5', 'high'],
]);

const durations = /^(-)?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:\d{1,9}S)?)?$/;

/** Reads a reminder: a duration such as `-PT30M` before the due date, with `TRIGGER:` in front or not. */
function readReminders(cell: string, task: ForeignBuilder): void {
  for (const each of cell.split(/[\s,;]+/, 100).filter(Boolean)) {
    const [found, sign, weeks = 0, days = 0, hours = 0, minutes = 0] =
      durations.exec(each.replace(/^TRIGGER:/i, '').toUpperCase()) ?? [];
    const total = ((Number(weeks) * 7 + Number(days)) * 24 + Number(hours)) * 60 + Number(minutes);
    const isBefore = found !== undefined && (sign === '-' || total === 0) && total <= 40_320;
    const isAllDay = task.fields.due_time === undefined;
    if (!isBefore && isAllDay && found !== undefined && total < 1_440) {
      const time = `${String(Math.floor(total / 60)).padStart(2, '0')}:${String(total % 60).padStart(2, '0')}`;
      task.remind({ days_before_due: 0, time });
    } else if (isBefore) task.remind({ minutes_before_due: total });
    else task.warn('reminder', each, null, 'is not a reminder that a task can have');
  }
}

function readStatus(cells: Cells, task: ForeignBuilder): void {
  const { status = '0' } = cells;
  // 1 and 2 are completed tasks of the list and of its archive, and -1 is "won't do".
  const isDone = status === '1' || status === '2';
  task.set('status', isDone ? 'completed' : status === '-1' ? 'cancelled' : 'pending');
  if (!isDone && !['', '0', '-1'].includes(status))
    task.warn('status', status, 'pending', 'is not a known status');
  if (isDone) task.instant('completed_time', 'completed_at', cells.completed_time);
}

/**
 * Reads a record.
 * @param keys the keys of the task and of its parent
 */
export function readTickTickTask(
  cells: Cells,
  keys: Pick<ForeignTask, 'key' | 'parentKey'>,
  context: ForeignContext,
): ForeignTask {
  const task = createForeignTask(context);
  task.title('title', cells.title);
  task.describe(cells.content);
  readStatus(cells, task);
  if (cells.priority && cells.priority !== '0') {
    task.set('priority', priorities.get(cells.priority));
    if (!priorities.has(cells.priority)) task.warn('priority', cells.priority, null, 'is not 0, 1, 3 or 5');
  }
  task.instant('created_time', 'created_at', cells.created_time);
  const zone = zoneIn(cells.timezone);
  const isAllDay = cells.is_all_day?.toLowerCase() === 'true';
  for (const [field, kind] of [
    ['due_date', 'due'],
    ['start_date', 'start'],
  ] as const) {
    const cell = cells[field] ?? '';
    const instant = instantIn(cell);
    if (instant) task.moment(kind, instant, zone, isAllDay);
    else if (cell !== '') task.warn(field, cell, null, 'is not a time');
  }
  // A task with a start and no due date is due at its start.
  if (task.fields.due_date === undefined && task.fields.start_date !== undefined) {
    task.set('due_date', task.fields.start_date);
    task.set('due_time', task.fields.start_time);
  }
  if (cells.is_floating?.toLowerCase() === 'true') delete task.fields.time_zone;
  readReminders(cells.reminder ?? '', task);
  task.rule('repeat', cells.repeat);
  task.tags('tags', (cells.tags ?? '').split(',', 1_000));
  if (cells.folder_name) task.extra('folder_name', 'Folder', cells.folder_name);
  if (cells.column_name) {
    task.tags('column_name', [cells.column_name]);
    task.warn(
      'column_name',
      cells.column_name,
      cells.column_name,
      'is the section of the task, which becomes a tag',
    );
  }
  if (cells.kind?.toUpperCase() === 'NOTE')
    task.warn('kind', 'NOTE', 'task', 'is a note, which becomes a task');
  task.otherCells(cells, columns);
  const list = cells.list_name ?? '';
  const project = list.toLowerCase() === 'inbox' ? undefined : projectOf(list);
  return task.finish({ ...keys, project }, list);
}
