import { isOpenSql, openStatuses } from '../../domain/tasks/status';
import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import { type Expression, type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import { differences, type Lane, type WritableLane } from '../../platform/database/lane';
import {
  type Reminder,
  type TaskPriority,
  type TaskRow,
  type TaskStatus,
  taskPriorities,
  taskStatuses,
} from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { matching, type TextSearch, wordsOfTask } from '../search/repository';
import { replaceTaskTags, tagsNamed, tagTasks } from '../tags/repository';
import type { ViewMoment } from './view';

/** The fields of a task that its user sets, and the fields that are derived from them. */
export type TaskFields = Pick<
  TaskRow,
  | 'title'
  | 'description'
  | 'status'
  | 'priority'
  | 'project_id'
  | 'parent_id'
  | 'tags'
  | 'due_date'
  | 'due_time'
  | 'time_zone'
  | 'due_at'
  | 'rrule'
  | 'repeat_from'
  | 'recurrence_start'
  | 'completion_count'
  | 'reminders'
>;

export type TaskTrait =
  | 'description'
  | 'project'
  | 'parent'
  | 'subtasks'
  | 'tags'
  | 'due_date'
  | 'due_time'
  | 'rrule'
  | 'reminders';

/**
 * The filters of a task list; an absent filter excludes nothing. Bounds of instants are exclusive, of days inclusive.
 */
export interface TaskFilter {
  status?: readonly TaskStatus[] | undefined;
  priority?: readonly TaskPriority[] | undefined;
  ids?: readonly string[] | undefined;
  projectId?: readonly string[] | undefined;
  parentId?: string | undefined;
  /** Keys of tag names, see `tagKey`. */
  tagsAny?: readonly string[] | undefined;
  tagsAll?: readonly string[] | undefined;
  tagsNone?: readonly string[] | undefined;
  view?: { name: 'today' | 'overdue' | 'upcoming' | 'no_date'; at: ViewMoment } | undefined;
  dueFrom?: string | undefined;
  dueUntil?: string | undefined;
  search?: TextSearch | undefined;
  has?: readonly TaskTrait[] | undefined;
  hasNot?: readonly TaskTrait[] | undefined;
  completedAfter?: Date | undefined;
  completedBefore?: Date | undefined;
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
  updatedAfter?: Date | undefined;
  updatedBefore?: Date | undefined;
}

export interface TaskPageRequest {
  filter: TaskFilter;
  order: readonly SortKey[];
  after: Position | null;
  limit: number;
}

type Query = ReturnType<typeof liveTasks>;

/** The order of a list by due date alone. */
interface DueOrder {
  readonly key: SortKey & Required<Pick<SortKey, 'nullable'>>;
  /** The key of the id, in the same direction. */
  readonly id: SortKey;
}

// Every column except `search`, which is as large as the texts that it indexes. True if lists return the column; the
// other columns serve for sorting and searching. The type requires all columns.
const isListed = {
  user_id: true,
  id: true,
  project_id: true,
  parent_id: true,
  title: true,
  description: true,
  status: true,
  priority: true,
  status_rank: false,
  priority_rank: false,
  completed_at: true,
  position: true,
  tags: true,
  due_date: true,
  due_time: true,
  time_zone: true,
  due_at: true,
  rrule: true,
  repeat_from: true,
  recurrence_start: true,
  completion_count: true,
  reminders: true,
  deleted_at: false,
  deleted_with: false,
  due_local: false,
  search_version: false,
  version: true,
  created_at: true,
  updated_at: true,
} as const satisfies Record<Exclude<keyof TaskRow, 'search'>, boolean>;

type Column = keyof typeof isListed;
type ListedColumn = { [C in Column]: (typeof isListed)[C] extends true ? C : never }[Column];

const columns = Object.keys(isListed) as Column[];
const listedColumns = columns.filter((column) => isListed[column]);

/** The columns of a task that lists return. */
export type ListedTask = Pick<TaskRow, ListedColumn>;

/** A query for the tasks that are not in the trash. */
export function liveTasks(lane: Lane) {
  return lane.rows('tasks').whereNull('deleted_at');
}

function ranks<T>(all: readonly T[], some: readonly T[]): number[] {
  return some.map((each) => all.indexOf(each) + 1);
}

/** A query for the ids of the tasks that have at least one of these tags. */
function taggedWith(lane: Lane, keys: readonly string[]) {
  return lane.rows('task_tags').whereIn('tag_id', tagsNamed(lane, keys).select('id')).select('task_id');
}

const traitConditions: Readonly<Record<Exclude<TaskTrait, 'subtasks'>, string>> = {
  description: `coalesce(description, '') <> ''`,
  project: 'project_id is not null',
  parent: 'parent_id is not null',
  tags: 'cardinality(tags) > 0',
  due_date: 'due_local is not null',
  due_time: 'due_time is not null',
  rrule: 'rrule is not null',
  reminders: `reminders <> '[]'`,
};

function whereTrait(lane: Lane, query: Query, trait: TaskTrait, wanted: boolean): void {
  if (trait === 'subtasks') {
    const parents = liveTasks(lane).whereNotNull('parent_id').select('parent_id');
    query[wanted ? 'whereIn' : 'whereNotIn']('id', parents);
  } else {
    query.whereRaw(wanted ? traitConditions[trait] : `not (${traitConditions[trait]})`);
  }
}

// A task with its own time zone is due at an instant. Any other task is due in the time zone of the view. Local times
// of two zones differ by at most 26 hours: this bound on `due_local` lets Postgres use the index.
const viewConditions = {
  today: `due_local >= :today::timestamp - interval '26 hours' and due_local < :tomorrow::timestamp + interval '26 hours'
    and case when due_at is null then due_date = :today::date
      else due_at >= :todayBegins and due_at < :tomorrowBegins end`,
  overdue: `due_local < :today::timestamp + :time::interval + interval '26 hours'
    and case when due_at is null
      then due_date < :today::date or (due_date = :today::date and due_time is not null and due_time < :time)
      else due_at <= :now end`,
  upcoming: `due_local >= :tomorrow::timestamp - interval '26 hours'
    and case when due_at is null then due_date > :today::date else due_at >= :tomorrowBegins end`,
  no_date: 'due_local is null',
};

function whereView(query: Query, { name, at }: NonNullable<TaskFilter['view']>): void {
  query.whereIn('status_rank', ranks(taskStatuses, openStatuses));
  query.whereRaw(viewConditions[name], { ...at });
}

function filtered(lane: Lane, filter: TaskFilter) {
  const query = liveTasks(lane);
  if (filter.status) query.whereIn('status_rank', ranks(taskStatuses, filter.status));
  if (filter.priority) query.whereIn('priority_rank', ranks(taskPriorities, filter.priority));
  if (filter.ids) query.whereRaw('id = any(?::uuid[])', [[...filter.ids]]);
  if (filter.projectId) query.whereIn('project_id', filter.projectId);
  if (filter.parentId) query.where('parent_id', filter.parentId);
  if (filter.tagsAny) query.whereIn('id', taggedWith(lane, filter.tagsAny));
  for (const key of filter.tagsAll ?? []) query.whereIn('id', taggedWith(lane, [key]));
  if (filter.tagsNone) query.whereNotIn('id', taggedWith(lane, filter.tagsNone));
  if (filter.view) whereView(query, filter.view);
  if (filter.search) {
    const { sql, bindings } = matching(filter.search);
    query.whereRaw(sql, bindings as never);
  }
  if (filter.dueFrom) query.whereRaw('due_local >= ?::timestamp', [filter.dueFrom]);
  if (filter.dueUntil) query.whereRaw(`due_local < ?::timestamp + interval '1 day'`, [filter.dueUntil]);
  for (const trait of filter.has ?? []) whereTrait(lane, query, trait, true);
  for (const trait of filter.hasNot ?? []) whereTrait(lane, query, trait, false);
  if (filter.completedAfter) query.where('completed_at', '>', filter.completedAfter);
  if (filter.completedBefore) query.where('completed_at', '<', filter.completedBefore);
  if (filter.createdAfter) query.where('created_at', '>', filter.createdAfter);
  if (filter.createdBefore) query.where('created_at', '<', filter.createdBefore);
  if (filter.updatedAfter) query.where('updated_at', '>', filter.updatedAfter);
  if (filter.updatedBefore) query.where('updated_at', '<', filter.updatedBefore);
  return query;
}

/** Selects the columns of lists, and those of `order`. */
function selected(lane: Lane, query: Query, order: readonly SortKey[]): Query {
  const names = new Set<string>(listedColumns);
  const expressions = new Map<string, Expression>();
  for (const { column, expression } of order) {
    if (expression) expressions.set(column, expression);
    else names.add(column);
  }
  for (const [column, { sql, bindings }] of expressions) {
    query.select(lane.expression(`${sql} as ??`, [...bindings, column] as never));
  }
  return query.select([...names]) as never;
}

/** Whether the filter allows only tasks with a due date (true), or only tasks without one (false). */
function isDated({ view, has, hasNot, dueFrom, dueUntil }: TaskFilter): boolean | undefined {
  if (view) return view.name !== 'no_date';
  if (hasNot?.includes('due_date')) return false;
  return has?.includes('due_date') || dueFrom || dueUntil ? true : undefined;
}

/**
 * A page in the order of the due date. The tasks with one come from its index. The tasks without one follow in the order
 * of their ids; they are read only if the page is not full.
 */
function byDueDate(lane: Lane, page: TaskPageRequest, { key, id }: DueOrder): Query {
  const [value, lastId] = page.after ?? [];
  const isAfterDated = value === key.nullable.ifNull;
  const part = () => filtered(lane, page.filter).limit(page.limit);
  const dueKeys = [{ column: key.nullable.column, direction: key.direction }, id];
  const dated = pageAfter(part().whereNotNull(key.nullable.column), dueKeys, page.after);
  const idKey = isAfterDated && lastId !== undefined ? [lastId] : null;
  const undated = pageAfter(part().whereNull(key.nullable.column), [id], idKey);
  const allowed = isDated(page.filter);
  if (allowed) return selected(lane, dated, page.order);
  if (allowed === false || isAfterDated) return selected(lane, undated, page.order);
  undated.whereRaw('(select count(*) from dated) < ?', [page.limit]);
  return lane
    .rows('tasks')
    .with('dated', selected(lane, dated, page.order) as never)
    .with('undated', selected(lane, undated, page.order) as never)
    .from(((both: Query) =>
      both
        .select('*')
        .from('dated')
        .unionAll((query) => query.select('*').from('undated'))
        .as('tasks')) as never)
    .orderBy(page.order.map(({ column, direction }) => ({ column, order: direction })))
    .limit(page.limit) as never;
}

/** A page of tasks in `order`, which must end with a unique column. Each row also has the columns of `order`. */
export async function listTasks(lane: Lane, page: TaskPageRequest): Promise<ListedTask[]> {
  const [key, id, ...others] = page.order;
  const query =
    key?.nullable && id?.column === 'id' && others.length === 0
      ? byDueDate(lane, page, { key: key as DueOrder['key'], id })
      : selected(lane, pageAfter(filtered(lane, page.filter), page.order, page.after), page.order).limit(
          page.limit,
        );
  // A list is prepared only if it has no filter except a view: filters produce many different statements, and a search
  // needs a plan for its own words.
  const isPlain = Object.entries(page.filter).every(
    ([name, value]) => value === undefined || name === 'view',
  );
  return (isPlain && page.order.length <= 2 ? lane.prepared(query) : query) as Promise<ListedTask[]>;
}

/** The number of tasks that match the filter. */
export async function countTasks(lane: Lane, filter: TaskFilter): Promise<number> {
  const [row] = await filtered(lane, filter).count({ total: '*' });
  return Number(row?.total);
}

export interface SubtaskCounts {
  readonly open: number;
  readonly done: number;
}

/** The number of direct subtasks by task id; tasks without subtasks are left out. */
export async function countSubtasks(
  lane: Lane,
  ids: readonly string[],
): Promise<Record<string, SubtaskCounts>> {
  const rows: { parent_id: string; open: string; total: string }[] = await liveTasks(lane)
    .whereIn('parent_id', ids)
    .groupBy('parent_id')
    .select('parent_id')
    .count({ total: '*' })
    .select(lane.expression(`count(*) filter (where ${isOpenSql}) as open`));
  return Object.fromEntries(
    rows.map(({ parent_id, open, total }) => [
      parent_id,
      { open: Number(open), done: Number(total) - Number(open) },
    ]),
  );
}

/** A task that is not in the trash; undefined if there is none with this id. */
export async function findTask(lane: Lane, id: string): Promise<TaskRow | undefined> {
  const query = liveTasks(lane).where('id', id).select(columns);
  const [row] = await lane.prepared<TaskRow>(query as never);
  return row;
}

// The driver would turn a JavaScript array into a Postgres array, but the column is JSON.
function asJson<F extends { reminders?: Reminder[] | undefined }>(fields: F): F {
  return fields.reminders ? { ...fields, reminders: JSON.stringify(fields.reminders) as never } : fields;
}

// `completed_at` follows the status: set when the task becomes completed, kept while it stays so, otherwise null.
function completedAt(lane: WritableLane, status: TaskStatus, current?: TaskRow) {
  if (status !== 'completed') return null;
  return current?.completed_at ?? lane.now;
}

/** A new task. Without a priority, it gets the default of the profile; its position is after all other tasks. */
export type NewTask = Omit<TaskFields, 'priority'> & {
  id: string;
  priority?: TaskPriority | undefined;
};

/** Creates a task and its missing tags. @returns undefined if the id is taken */
export async function insertTask(lane: WritableLane, task: NewTask): Promise<TaskRow | undefined> {
  const { priority = lane.rows('profiles').select('default_priority') } = task;
  const [row] = await lane
    .insert('tasks', {
      ...asJson(task),
      ...wordsOfTask(task.title, task.description),
      priority,
      completed_at: completedAt(lane, task.status),
      created_at: lane.now,
      updated_at: lane.now,
    })
    .onConflict(['user_id', 'id'])
    .ignore()
    .returning(columns);
  if (!row) return undefined;
  if (row.tags.length > 0) await replaceTaskTags(lane, row.id, row.tags);
  lane.changed({ type: 'task', id: row.id, action: 'created', fields: {} });
  return row;
}

/** A task from an import. It has a position, and it can have its own timestamps. */
export type ImportedTask = Omit<NewTask, 'completion_count'> & {
  completion_count: number;
  position: string;
  completed_at: Date | null | undefined;
  created_at: Date | undefined;
  deleted_at: Date | null;
  deleted_with: string | null;
};

/**
 * Creates many tasks with one statement; skips those whose ids are taken. Records one change for each task, and two for
 * a task in the trash.
 */
export async function insertTasks(lane: WritableLane, tasks: readonly ImportedTask[]): Promise<TaskRow[]> {
  if (tasks.length === 0) return [];
  const priority = lane.rows('profiles').select('default_priority');
  const rows: TaskRow[] = await lane
    .insert(
      'tasks',
      tasks.map((task) => ({
        ...asJson(task),
        ...wordsOfTask(task.title, task.description),
        priority: task.priority ?? priority,
        completed_at: task.status === 'completed' ? (task.completed_at ?? lane.now) : null,
        created_at: task.created_at ?? lane.now,
        updated_at: lane.now,
      })),
    )
    .onConflict(['user_id', 'id'])
    .ignore()
    .returning(columns);
  await tagTasks(lane, rows);
  for (const row of rows) {
    lane.changed({ type: 'task', id: row.id, action: 'created', fields: {} });
    if (row.deleted_at) lane.changed({ type: 'task', id: row.id, action: 'deleted', fields: {} });
  }
  return rows;
}

type Changeable = TaskFields & Pick<TaskRow, 'position'>;

/** The new values of a task's fields; undefined keeps the present value. */
export type TaskChange = { [F in keyof Changeable]?: Changeable[F] | undefined };

/** Updates fields of a task and raises its version. Returns the task unchanged if no field differs. */
export async function updateTask(lane: WritableLane, current: TaskRow, wanted: TaskChange): Promise<TaskRow> {
  const differing = differences<Changeable>(current, wanted);
  if (Object.keys(differing).length === 0) return current;
  const { due_at: _instant, completion_count: _count, ...fields } = differing;
  const title = wanted.title ?? current.title;
  const description = wanted.description === undefined ? current.description : wanted.description;
  const [row] = await update(liveTasks(lane).where('id', current.id), {
    ...asJson(wanted),
    ...(fields.title || fields.description ? wordsOfTask(title, description) : {}),
    completed_at: completedAt(lane, wanted.status ?? current.status, current),
    version: current.version + 1,
    updated_at: lane.now,
  }).returning(columns);
  if (!row) throw new Error(`The task ${current.id} vanished under the lane's lock.`);
  if (fields.tags) await replaceTaskTags(lane, row.id, row.tags);
  lane.changed({ type: 'task', id: row.id, action: 'updated', fields });
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

/** A change of a task's status. */
export interface StatusChange {
  readonly id: string;
  readonly from: TaskStatus;
  readonly to: TaskStatus;
  /** For the status `completed`: when the task was completed; null means now. */
  readonly completedAt: Date | null;
}

/** Changes the statuses of many tasks. Raises the version of each task and records a change for it. */
export async function updateStatuses(lane: WritableLane, changes: readonly StatusChange[]): Promise<void> {
  for (const chunk of chunksOf(changes, rowsInStatement)) {
    const wanted = JSON.stringify(
      Object.fromEntries(chunk.map(({ id, to, completedAt }) => [id, [to, completedAt]])),
    );
    const completed = `case when ?::jsonb -> id::text ->> 0 = 'completed'
      then coalesce((?::jsonb -> id::text ->> 1)::timestamptz, ?) end`;
    await update(liveTasks(lane).whereRaw('id = any(?)', [chunk.map(({ id }) => id)]), {
      status: lane.expression('?::jsonb -> id::text ->> 0', [wanted]),
      completed_at: lane.expression(completed, [wanted, wanted, lane.now as never]),
      version: lane.expression('version + 1'),
      updated_at: lane.now,
    });
  }
  for (const { id, from, to } of changes) {
    lane.changed({ type: 'task', id, action: 'updated', fields: { status: { from, to } } });
  }
}
