/**
 * Writes tasks. `commands.ts` and `import.ts` decide which values are written; everything that follows from them happens
 * here. One write of a task has these effects, in this order:
 *
 * 1. the row, with the words for searches; a new row adds its bytes to the lane's storage
 * 2. the tags that the lane lacks, and the task's links to its tags
 * 3. a change in the lane's history, so that new tags come before their task
 * 4. the times of the task's reminders
 * 5. the project of its subtasks
 *
 * If a write of the lane ends with a task that needs only 1 and 3, these travel with the commit in one flight.
 */
import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import {
  bytesOfRow,
  differences,
  lastPositionOfStatement,
  type RowToWrite,
  resultOf,
  timeOfWrite,
  violatedConstraint,
  type WritableLane,
} from '../../platform/database/lane';
import type { TaskPriority, TaskRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { findProfile, findTimeZone } from '../profile/repository';
import { settingsOf } from '../profile/settings';
import { wordsOfTask } from '../search/repository';
import { replaceTaskTags, tagTasks } from '../tags/repository';
import { settableFields, type TaskFields, taskColumns } from './fields';
import { localEnd, overdueAt, overdueAtOfProfile, overdueAtSql } from './overdue';
import { armImported, armMoved, armReminders, mayRearm, type OccurrenceMove } from './reminders';
import { liveTasks } from './repository';
import { levelsBelow, type Subtask } from './tree';

// The driver would turn a JavaScript array into a Postgres array, but these columns are JSON.
function asJson<F extends Partial<Pick<TaskRow, 'reminders' | 'links'>> | TaskChange>(fields: F): F {
  const { reminders, links } = fields;
  return {
    ...fields,
    ...(reminders && { reminders: JSON.stringify(reminders) as never }),
    ...(links && { links: JSON.stringify(links) as never }),
  };
}

/** The members that have a value. */
function defined<F extends object>(fields: F): F {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as F;
}

/** A new task. Without a priority, it gets the default of the profile; its position is after all other tasks. */
export type NewTask = Omit<TaskFields, 'priority'> & {
  id: string;
  priority?: TaskPriority | undefined;
  /** For the status `completed`; undefined for the time of the write. */
  completed_at?: Date | undefined;
};

async function insertRow(lane: WritableLane, task: NewTask): Promise<TaskRow> {
  const isCompleted = task.status === 'completed';
  const values = {
    ...defined(asJson(task)),
    ...wordsOfTask(task),
    ...(task.due_date === null ? {} : { local_end: localEnd(task) }),
  };
  lane.stored(bytesOfRow(values));
  const [row] = await lane.template<TaskRow, typeof values>(
    isCompleted ? 'insert-completed-task' : 'insert-task',
    values,
    (each, { local_end, ...columnValues }) => {
      const row: RowToWrite<'tasks'> = {
        ...(columnValues as RowToWrite<'tasks'>),
        ...(local_end !== undefined && {
          overdue_at: overdueAtOfProfile(each, columnValues.due_at, local_end),
        }),
        completed_at: isCompleted ? (columnValues.completed_at ?? each.now) : null,
        created_at: each.now,
        updated_at: each.now,
      };
      const isComplete = row.priority !== undefined && local_end === undefined;
      const insert = isComplete
        ? each.insert('tasks', row)
        : each.insertFromProfile('tasks', {
            priority: each.expression('profiles.default_priority'),
            position: each.expression(lastPositionOfStatement),
            ...row,
          });
      return insert.returning(taskColumns) as never;
    },
  );
  return row as TaskRow;
}

/**
 * Creates a task. `isLast` says that the write of the lane sends nothing afterwards.
 * @returns undefined if the id is taken
 */
export async function insertTask(
  lane: WritableLane,
  task: NewTask,
  isLast = false,
): Promise<TaskRow | undefined> {
  const isTagged = task.tags.length > 0;
  const needsOnlyRow = !isTagged && task.reminders.length === 0;
  const record = () => lane.changed({ type: 'task', id: task.id, action: 'created', fields: {} });
  const insert = () => {
    if (!isTagged) record();
    return insertRow(lane, task);
  };
  const inserted = await (isLast && needsOnlyRow ? lane.finish(insert) : lane.attempt(insert, () => true));
  if ('error' in inserted) {
    if (violatedConstraint(inserted.error) === 'tasks_pkey') return undefined;
    throw inserted.error;
  }
  const row = inserted.value;
  if (isTagged) {
    await replaceTaskTags(lane, row.id, task.tags);
    record();
  }
  await armReminders(lane, null, row);
  return row;
}

/** A task from an import. It has a position, and it can have its own timestamps. */
export type ImportedTask = Omit<NewTask, 'completion_count' | 'completed_at'> & {
  completion_count: number;
  position: string;
  completed_at: Date | null | undefined;
  created_at: Date | undefined;
  deleted_at: Date | null;
  deleted_with: string | null;
};

/** The rows of tasks from an import. */
async function importedRows(
  lane: WritableLane,
  tasks: readonly ImportedTask[],
): Promise<RowToWrite<'tasks'>[]> {
  const { time_zone: zone, default_priority } = settingsOf(await findProfile(lane));
  // A due date that has passed already is no news.
  const overdue = (task: ImportedTask) => {
    const overdue_at = overdueAt(task, zone);
    const hasPassed = overdue_at !== null && overdue_at.getTime() <= Date.now();
    return { overdue_at, overdue_told: hasPassed ? overdue_at : null };
  };
  return tasks.map((task) => ({
    ...asJson(task),
    ...wordsOfTask(task),
    ...overdue(task),
    priority: task.priority ?? default_priority,
    completed_at: task.status === 'completed' ? (task.completed_at ?? lane.now) : null,
    created_at: task.created_at ?? lane.now,
    updated_at: lane.now,
  }));
}

/** The maximum number of tasks that one statement creates: a statement can have 32,767 parameters. */
export const tasksInStatement = 500;

/**
 * Creates at most {@link tasksInStatement} tasks with one statement; skips those whose ids are taken. All their tags must
 * exist. Records one change for each task, and two for a task in the trash.
 */
export async function insertTasks(lane: WritableLane, tasks: readonly ImportedTask[]): Promise<TaskRow[]> {
  if (tasks.length === 0) return [];
  const rows: TaskRow[] = await lane
    .insert('tasks', await importedRows(lane, tasks))
    .onConflict(['lane_id', 'id'])
    .ignore()
    .returning(taskColumns);
  for (const row of rows) {
    lane.changed({ type: 'task', id: row.id, action: 'created', fields: {} });
    if (row.deleted_at) lane.changed({ type: 'task', id: row.id, action: 'deleted', fields: {} });
  }
  await tagTasks(lane, rows);
  await armImported(lane, rows);
  return rows;
}

// Subtasks of restored tasks that stay in the trash, each with the highest task above it that stays there too.
const leftInTrash = `
  with recursive remaining as (
    select id, id as root, deleted_with as deletion from tasklane.tasks
    where lane_id = :lane and parent_id = any(:ids) and deleted_with <> id
    union all
    select task.id, remaining.root, remaining.deletion
    from tasklane.tasks as task join remaining on task.parent_id = remaining.id
    where task.lane_id = :lane and task.deleted_with = remaining.deletion
  )`;

/** Separates the subtasks that stay in the trash from the deletion of their restored parents. */
async function separateInTrash(lane: WritableLane, ids: readonly string[]): Promise<void> {
  const found: { id: string; root: string }[] = await lane
    .rows('tasks')
    .joinRaw(`join (${leftInTrash} select id, root from remaining) as remaining on remaining.id = tasks.id`, {
      lane: lane.id,
      ids: [...ids],
    } as never)
    .select('remaining.id', 'remaining.root');
  for (const chunk of chunksOf(found, rowsInStatement)) {
    const rootOf = JSON.stringify(Object.fromEntries(chunk.map(({ id, root }) => [id, root])));
    await update(lane.rows('tasks').whereRaw('id = any(?)', [chunk.map(({ id }) => id)]), {
      deleted_with: lane.expression('(?::jsonb ->> id::text)::uuid', [rootOf]),
    });
  }
}

const restoredFields = [...settableFields, 'completed_at'] as const;

/**
 * Restores tasks from the trash, and gives them the values of an import. All their tags must exist. Their subtasks that
 * are not among them stay in the trash and can be restored on their own.
 */
export async function restoreImported(
  lane: WritableLane,
  tasks: readonly ImportedTask[],
): Promise<TaskRow[]> {
  if (tasks.length === 0) return [];
  const ids = tasks.map(({ id }) => id);
  const trashed: TaskRow[] = await lane
    .rows('tasks')
    .whereRaw('id = any(?)', [ids])
    .whereNotNull('deleted_at')
    .select(taskColumns);
  const before = new Map(trashed.map((row) => [row.id, row]));
  const dated = tasks.map((task) => ({
    ...task,
    created_at: task.created_at ?? before.get(task.id)?.created_at,
  }));
  const values = (await importedRows(lane, dated)).map((row) => ({
    ...row,
    version: (before.get(row.id as string)?.version ?? 0) + 1,
  }));
  const { id: _id, ...columns } = values[0] as RowToWrite<'tasks'>;
  const rows: TaskRow[] = await lane
    .insert('tasks', values)
    .onConflict(['lane_id', 'id'])
    .merge(Object.keys(columns) as never)
    .returning(taskColumns);
  for (const row of rows) {
    const wanted = Object.fromEntries(restoredFields.map((field) => [field, row[field]]));
    const fields = differences<TaskRow>(before.get(row.id) as TaskRow, wanted);
    lane.changed({ type: 'task', id: row.id, action: 'restored', fields });
  }
  await Promise.all([
    lane.rows('task_tags').whereRaw('task_id = any(?)', [ids]).delete(),
    lane.rows('reminders').whereRaw('task_id = any(?)', [ids]).delete(),
  ]);
  await separateInTrash(lane, ids);
  await tagTasks(lane, rows);
  await armImported(lane, rows);
  return rows;
}

type Changeable = TaskFields & Pick<TaskRow, 'position' | 'completed_at'>;

/** The new values of a task's fields; undefined keeps the present value. */
export type TaskChange = { [F in keyof Changeable]?: Changeable[F] | undefined };

/**
 * The time of completion after a change; undefined means the time of the write. It follows the status: set when the task
 * becomes completed, kept while it stays so, otherwise null.
 */
function completedAt(
  current: TaskRow,
  { status = current.status, completed_at }: TaskChange,
): Date | null | undefined {
  if (status !== 'completed') return null;
  return completed_at ?? current.completed_at ?? undefined;
}

async function updateRow(lane: WritableLane, current: TaskRow, wanted: TaskChange): Promise<TaskRow> {
  const next = { ...current, ...defined(wanted) } as TaskRow;
  const isMoved = Object.keys(differences(dueOf(current), dueOf(next))).length > 0;
  const time = completedAt(current, wanted);
  const values = {
    id: current.id,
    ...defined(asJson(wanted)),
    ...(Object.keys(differences(textsOf(current), textsOf(next))).length > 0 && wordsOfTask(next)),
    ...(isMoved && { local_end: next.due_date === null ? null : localEnd(next) }),
    completed_at: time ?? null,
    version: current.version + 1,
  };
  const [row] = await lane.template<TaskRow, typeof values>(
    time === undefined ? 'complete-task' : 'update-task',
    values,
    (each, { id, completed_at, local_end, ...columnValues }) =>
      update(liveTasks(each).where('id', id), {
        ...columnValues,
        ...(local_end === undefined
          ? {}
          : { overdue_at: overdueAtSql(each, columnValues.due_at ?? null, local_end) as never }),
        completed_at: time === undefined ? each.now : completed_at,
        updated_at: each.now,
      }).returning(taskColumns) as never,
  );
  if (!row)
    throw new Error(
      `The task ${current.id} does not exist any more, although the write holds the lane's lock.`,
    );
  return row;
}

function textsOf({ title, description, links }: TaskRow) {
  return { title, description, links };
}

function dueOf({ due_date, due_time, due_at }: TaskRow) {
  return { due_date, due_time, due_at: due_at?.toISOString() ?? null };
}

/** How a task is updated. */
export interface UpdateOptions {
  /** The write of the lane sends nothing afterwards. */
  readonly isLast?: boolean;
  /** The task moves to another occurrence. */
  readonly move?: OccurrenceMove;
}

/**
 * Updates fields of a task and raises its version; moves its subtasks into its project. Returns the task unchanged if no
 * field differs.
 */
export async function updateTask(
  lane: WritableLane,
  current: TaskRow,
  wanted: TaskChange,
  { isLast = false, move }: UpdateOptions = {},
): Promise<TaskRow> {
  const time = completedAt(current, wanted);
  const changed = {
    ...differences<Changeable>(current, { ...wanted, completed_at: undefined }),
    ...(time === undefined
      ? { completed_at: { from: null, to: timeOfWrite } }
      : differences<Changeable>(current, { completed_at: time })),
  };
  if (Object.keys(changed).length === 0) return current;
  const rearms = mayRearm(current, { ...current, ...defined(wanted) } as TaskRow);
  const needsOnlyRow = !changed.tags && !changed.project_id && !rearms;
  const { due_at: _due, start_at: _start, ...fields } = changed;
  const record = () => lane.changed({ type: 'task', id: current.id, action: 'updated', fields });
  const write = () => {
    if (!changed.tags) record();
    return updateRow(lane, current, wanted);
  };
  const row = isLast && needsOnlyRow ? resultOf(await lane.finish(write)) : await write();
  if (changed.tags) {
    await replaceTaskTags(lane, row.id, row.tags);
    record();
  }
  if (rearms) await armReminders(lane, current, row, move);
  if (changed.project_id) {
    const below = (await levelsBelow(lane, row.id)).flat();
    await updateTasks(lane, below, { project_id: row.project_id });
  }
  return row;
}

/**
 * Gives many tasks the same values. Raises the version of each task that differs and records a change for it.
 * @param rows the present tasks
 * @param wanted the new values of all of them
 */
export async function updateTasks(
  lane: WritableLane,
  rows: readonly Pick<TaskRow, 'id' | 'project_id' | 'parent_id'>[],
  wanted: Partial<Pick<TaskRow, 'project_id' | 'parent_id'>>,
): Promise<void> {
  const changes = rows
    .map((row) => ({ id: row.id, fields: differences<typeof row>(row, wanted) }))
    .filter(({ fields }) => Object.keys(fields).length > 0);
  for (const chunk of chunksOf(changes, rowsInStatement)) {
    await update(lane.rows('tasks').whereRaw('id = any(?)', [chunk.map(({ id }) => id)]), {
      ...wanted,
      version: lane.expression('version + 1'),
      updated_at: lane.now,
    });
  }
  for (const change of changes) lane.changed({ type: 'task', action: 'updated', ...change });
}

/** A change of a subtask when its parent moves to another occurrence. */
export interface SubtaskChange {
  readonly row: Subtask;
  readonly wanted: Partial<Pick<Subtask, (typeof subtaskValues)[number]>>;
}

const subtaskValues = [
  ...(['status', 'completed_at', 'due_date', 'due_time', 'due_at'] as const),
  ...(['start_date', 'start_time', 'start_at', 'reminders'] as const),
];

/** How a value travels in JSON, and the SQL that reads it from the text there. */
interface JsonForm {
  toJson(value: unknown): unknown;
  toSql(text: string): string;
}

const orNull = <T>(value: unknown, convert: (value: T) => unknown) =>
  value === null ? null : convert(value as T);

// As numbers, because a cast from text to a time depends on settings, which an update on a shard may not.
const instantForm: JsonForm = {
  toJson: (value) => orNull(value, (instant: Date) => instant.getTime() / 1_000),
  toSql: (text) => `to_timestamp((${text})::float8)`,
};
const dateForm: JsonForm = {
  toJson: (value) => orNull(value, (date: string) => Date.parse(date) / 86_400_000),
  toSql: (text) => `date '1970-01-01' + (${text})::integer`,
};

// The forms of the columns that are not text.
const subtaskForms: Readonly<Record<string, JsonForm>> = {
  completed_at: instantForm,
  due_date: dateForm,
  due_at: instantForm,
  start_date: dateForm,
  start_at: instantForm,
  reminders: { toJson: (value) => value, toSql: (text) => `(${text})::jsonb` },
};

/**
 * Changes statuses, dates and reminders of many subtasks. Raises the version of each that differs and records a change for
 * it.
 * @param move how the parent moves
 */
export async function updateSubtasks(
  lane: WritableLane,
  changes: readonly SubtaskChange[],
  move: OccurrenceMove,
): Promise<void> {
  const changed = changes
    .map(({ row, wanted }) => ({
      before: row,
      after: { ...row, ...wanted },
      fields: differences<Subtask>(row, wanted),
    }))
    .filter(({ fields }) => Object.keys(fields).length > 0);
  const isDue = changed.some(({ after }) => after.due_date !== null);
  const zone = isDue ? await findTimeZone(lane) : 'UTC';
  for (const chunk of chunksOf(changed, rowsInStatement)) {
    const values = JSON.stringify(
      Object.fromEntries(
        chunk.map(({ after }) => [
          after.id,
          subtaskValues.map((column) => subtaskForms[column]?.toJson(after[column]) ?? after[column]),
        ]),
      ),
    );
    const columns = subtaskValues.map((column, index) => {
      const text = `?::jsonb -> id::text ->> ${index}`;
      return [column, lane.expression(subtaskForms[column]?.toSql(text) ?? text, [values])];
    });
    const overdue = JSON.stringify(
      Object.fromEntries(chunk.map(({ after }) => [after.id, instantForm.toJson(overdueAt(after, zone))])),
    );
    await update(liveTasks(lane).whereRaw('id = any(?)', [chunk.map(({ after }) => after.id)]), {
      ...Object.fromEntries(columns),
      overdue_at: lane.expression(instantForm.toSql('?::jsonb ->> id::text'), [overdue]),
      version: lane.expression('version + 1'),
      updated_at: lane.now,
    });
  }
  for (const { after, fields } of changed) {
    const { due_at: _due, start_at: _start, ...shown } = fields;
    lane.changed({ type: 'task', id: after.id, action: 'updated', fields: shown });
  }
  await armMoved(lane, changed, move);
}
