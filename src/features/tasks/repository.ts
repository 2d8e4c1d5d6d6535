/** Reads tasks. `write.ts` writes them. */
import { isOpenSql, openStatuses } from '../../domain/tasks/status';
import {
  type Expression,
  type Position,
  pageAfter,
  type SortKey,
  type SortValue,
} from '../../platform/database/keyset';
import type { Lane, RowQuery } from '../../platform/database/lane';
import {
  type TaskPriority,
  type TaskRow,
  type TaskStatus,
  taskPriorities,
  taskStatuses,
} from '../../platform/database/rows';
import { outsideArchived } from '../archived-projects/tasks';
import { matching, type TextSearch } from '../search/repository';
import { tagsNamed } from '../tags/repository';
import { type ListedTask, listedColumns, taskColumns } from './fields';
import type { ViewMoment } from './view';

export type { ListedTask } from './fields';

export type TaskTrait =
  | 'description'
  | 'project'
  | 'parent'
  | 'subtasks'
  | 'tags'
  | 'due_date'
  | 'due_time'
  | 'start_date'
  | 'start_time'
  | 'rrule'
  | 'reminders';

/**
 * The filters of a task list; an absent filter excludes nothing. Bounds of instants are exclusive, of days inclusive.
 */
export interface TaskFilter {
  status?: readonly TaskStatus[] | undefined;
  priority?: readonly TaskPriority[] | undefined;
  ids?: readonly string[] | undefined;
  /** The last eight characters of ids. */
  idEndings?: readonly string[] | undefined;
  projectId?: readonly string[] | undefined;
  /** True leaves out tasks of archived projects. */
  outsideArchived?: boolean | undefined;
  parentId?: string | undefined;
  /** Keys of tag names, see `tagKey`. */
  tagsAny?: readonly string[] | undefined;
  tagsAll?: readonly string[] | undefined;
  tagsNone?: readonly string[] | undefined;
  view?: { name: 'today' | 'overdue' | 'upcoming' | 'no_date'; at: ViewMoment } | undefined;
  dueFrom?: string | undefined;
  dueUntil?: string | undefined;
  startFrom?: string | undefined;
  startUntil?: string | undefined;
  /** Only tasks that can begin at a moment (true), or only those that cannot (false). */
  started?: { wanted: boolean; at: ViewMoment } | undefined;
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
  start_date: 'start_local is not null',
  start_time: 'start_time is not null',
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

// The start of a task, like the due date in the views below.
const startsAfter = `start_local >= :tomorrow::timestamp - interval '26 hours'
  and case when start_at is null then start_date > :today::date else start_at >= :tomorrowBegins end`;
const hasStarted = `start_local < :tomorrow::timestamp + interval '26 hours'
  and case when start_at is null then start_date <= :today::date else start_at < :tomorrowBegins end`;
const isLaterThanNow = `start_local is not null
  and case when start_at is null then start_local > :today::timestamp + :time::interval else start_at > :now end`;
const isDueLater = `(due_local is null or case when due_at is null
  then due_date > :today::date else due_at >= :tomorrowBegins end)`;

// A task with its own time zone is due at an instant. Any other task is due in the time zone of the view. Local times
// of two zones differ by at most 26 hours: this bound on `due_local` lets Postgres use the index.
const viewConditions = {
  today: `(due_local >= :today::timestamp - interval '26 hours'
    and due_local < :tomorrow::timestamp + interval '26 hours'
    and case when due_at is null then due_date = :today::date
      else due_at >= :todayBegins and due_at < :tomorrowBegins end
    or ${hasStarted} and ${isDueLater})`,
  overdue: `due_local < :today::timestamp + :time::interval + interval '26 hours'
    and case when due_at is null
      then due_date < :today::date or (due_date = :today::date and due_time is not null and due_time < :time)
      else due_at <= :now end`,
  upcoming: `(due_local >= :tomorrow::timestamp - interval '26 hours'
    and case when due_at is null then due_date > :today::date else due_at >= :tomorrowBegins end
    or ${startsAfter})`,
  no_date: 'due_local is null and start_local is null',
};

function whereView(query: Query, { name, at }: NonNullable<TaskFilter['view']>): void {
  query.whereIn('status_rank', ranks(taskStatuses, openStatuses));
  query.whereRaw(viewConditions[name], { ...at });
}

/** Selects the tasks whose id ends with one of these eight characters. */
export function whereIdEnds(query: RowQuery<TaskRow>, endings: readonly string[]): void {
  query.whereRaw('right(id::text, 8) = any(?::text[])', [[...endings]]);
}

function filtered(lane: Lane, filter: TaskFilter) {
  const query = liveTasks(lane);
  if (filter.status) query.whereIn('status_rank', ranks(taskStatuses, filter.status));
  if (filter.priority) query.whereIn('priority_rank', ranks(taskPriorities, filter.priority));
  if (filter.ids) query.whereRaw('id = any(?::uuid[])', [[...filter.ids]]);
  if (filter.idEndings) whereIdEnds(query, filter.idEndings);
  if (filter.projectId) query.whereIn('project_id', filter.projectId);
  if (filter.outsideArchived) outsideArchived(lane, query);
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
  if (filter.startFrom) query.whereRaw('start_local >= ?::timestamp', [filter.startFrom]);
  if (filter.startUntil) {
    query.whereRaw(`start_local < ?::timestamp + interval '1 day'`, [filter.startUntil]);
  }
  if (filter.started) {
    const { wanted, at } = filter.started;
    query.whereRaw(wanted ? `not (${isLaterThanNow})` : isLaterThanNow, { ...at });
  }
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
  if (view?.name === 'overdue') return true;
  if (view?.name === 'no_date') return false;
  if (hasNot?.includes('due_date')) return false;
  return has?.includes('due_date') || dueFrom || dueUntil ? true : undefined;
}

/** The part of the tasks that a page can contain, if the list is ordered by due date alone. */
type DuePart = 'dated' | 'undated' | 'both';
type Part = DuePart | 'all';

function partOf({ filter, order: [key, id, ...others], after }: TaskPageRequest): Part {
  if (!key?.nullable || id?.column !== 'id' || others.length > 0) return 'all';
  const dated = isDated(filter);
  if (dated !== undefined) return dated ? 'dated' : 'undated';
  return after?.[0] === key.nullable.ifNull ? 'undated' : 'both';
}

/**
 * A page in the order of the due date. The tasks with one come from its index. The tasks without one follow in the order
 * of their ids; they are read only if the page is not full.
 */
function byDueDate(lane: Lane, { filter, order, after, limit }: TaskPageRequest, part: DuePart): Query {
  const [{ nullable, direction }, id] = order as [SortKey & Required<Pick<SortKey, 'nullable'>>, SortKey];
  const dated = () =>
    pageAfter(filtered(lane, filter).whereNotNull(nullable.column), [{ ...nullable, direction }, id], after);
  const undated = (idAfter: SortValue | undefined) =>
    pageAfter(
      filtered(lane, filter).whereNull(nullable.column),
      [id],
      idAfter === undefined ? null : [idAfter],
    );
  const page = (query: Query) => selected(lane, query.limit(limit), order);
  if (part === 'dated') return page(dated());
  if (part === 'undated') return page(undated(after?.[1]));
  const rest = undated(undefined).whereRaw('(select count(*) from dated) < ?', [limit]);
  // The query around both parts is bound to the lane, too.
  return lane
    .rows('tasks')
    .with('dated', page(dated()).select('lane_id') as never)
    .with('undated', page(rest).select('lane_id') as never)
    .from(((both: Query) =>
      both
        .select('*')
        .from('dated')
        .unionAll((query) => query.select('*').from('undated'))
        .as('tasks')) as never)
    .orderBy(order.map((key) => ({ column: key.column, order: key.direction })))
    .limit(limit) as never;
}

/** A page of tasks in `order`, which must end with a unique column. Each row also has the columns of `order`. */
export async function listTasks(lane: Lane, page: TaskPageRequest): Promise<ListedTask[]> {
  const { filter, order, after, limit } = page;
  const part = partOf(page);
  // A list has a template only if it has no filter except these two: filters produce many different texts, and a search
  // needs a plan for its own words.
  const { view, outsideArchived, ...others } = filter;
  const isPlain = Object.values(others).every((value) => value === undefined);
  if (!isPlain || order.length > 2) return pageQuery(lane, page, part);
  const { name, at } = view ?? {};
  const keys = order.map(({ column, direction }) => `${column} ${direction}`);
  const key = `tasks ${name} ${outsideArchived} ${part} ${keys}`;
  const [first = null, second = null] = after ?? [];
  return lane.template(key, after ? { limit, first, second, ...at } : { limit, ...at }, (each, values) => {
    const { limit, first, second, ...at } = values as typeof values & { first: SortValue; second: SortValue };
    const request = {
      order,
      limit,
      filter: { view: name && { name, at: at as unknown as ViewMoment }, outsideArchived },
      after: after && [first, second].slice(0, order.length),
    };
    return pageQuery(each, request, part);
  });
}

function pageQuery(lane: Lane, page: TaskPageRequest, part: Part): RowQuery<ListedTask> {
  const { filter, order, after, limit } = page;
  if (part !== 'all') return byDueDate(lane, page, part) as never;
  return selected(lane, pageAfter(filtered(lane, filter), order, after).limit(limit), order) as never;
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

/** Tasks outside the trash, by their ids. */
export async function findTasks(lane: Lane, ids: readonly string[]): Promise<TaskRow[]> {
  return liveTasks(lane)
    .whereRaw('id = any(?)', [[...ids]])
    .select(taskColumns);
}

/** What the problem `id-taken` says about the task that has an id, also in the trash. */
export async function taskWithId(lane: Lane, id: string) {
  const row = await lane.rows('tasks').where('id', id).first('version', 'deleted_at');
  if (!row) return { entity: null };
  return {
    entity: { type: 'task' as const, version: Number(row.version), in_trash: row.deleted_at !== null },
  };
}

/** A task that is not in the trash; undefined if there is none with this id. */
export async function findTask(lane: Lane, id: string): Promise<TaskRow | undefined> {
  const [row] = await lane.template(
    'task',
    { id },
    (each, values) => liveTasks(each).where('id', values.id).select(taskColumns) as RowQuery<TaskRow>,
  );
  return row;
}
