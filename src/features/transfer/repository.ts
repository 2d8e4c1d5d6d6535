import { pageAfter, type SortKey } from '../../platform/database/keyset';
import type { Lane } from '../../platform/database/lane';
import type { TaskRow } from '../../platform/database/rows';
import { keyOfCompletion } from '../completions/repository';

/** A task in the trash, with the project in the trash with which it was deleted. */
export type TrashedRow = TaskRow & { readonly deleted_with_project: string | null };

/** A page of all tasks in the trash, subtasks included. */
export async function listTrashed(
  lane: Lane,
  order: readonly SortKey[],
  after: string[] | null,
  limit: number,
): Promise<TrashedRow[]> {
  const rows = await pageAfter(lane.rows('tasks').whereNotNull('deleted_at'), order, after).limit(limit);
  const roots = rows.flatMap(({ id, deleted_with }) => (id === deleted_with ? [id] : []));
  const projectOf = await projectsDeletedWith(lane, roots);
  return rows.map((row) => ({ ...row, deleted_with_project: projectOf.get(row.id) ?? null }));
}

/** The project in the trash with which each of these tasks was deleted, by the id of the task; the latest of several. */
async function projectsDeletedWith(lane: Lane, roots: readonly string[]): Promise<Map<string, string>> {
  if (roots.length === 0) return new Map();
  const rows: { id: string; roots: string[] }[] = await lane
    .rows('deleted_projects')
    .whereRaw('roots && ?::uuid[]', [[...roots]])
    .orderBy(['deleted_at', 'id'])
    .select(
      'id',
      lane.expression('array(select unnest(roots) intersect select unnest(?::uuid[])) as roots', [
        [...roots],
      ] as never),
    );
  return new Map(rows.flatMap(({ id, roots: own }) => own.map((root): [string, string] => [root, id])));
}

const batchSize = 5_000;

/** Looks up many values in batches. */
async function inBatches(
  values: ReadonlySet<string>,
  lookUp: (batch: string[]) => Promise<void>,
): Promise<void> {
  let batch: string[] = [];
  for (const value of values) {
    batch.push(value);
    if (batch.length < batchSize) continue;
    await lookUp(batch);
    batch = [];
  }
  if (batch.length > 0) await lookUp(batch);
}

/** The ids that exist in a table of the lane. */
export async function knownIds(
  lane: Lane,
  table: 'projects' | 'deleted_projects' | 'tags' | 'tasks' | 'completions',
  ids: ReadonlySet<string>,
): Promise<Set<string>> {
  const known = new Set<string>();
  await inBatches(ids, async (batch) => {
    const rows = await lane.rows(table).whereRaw('id = any(?::uuid[])', [batch]).select('id');
    for (const { id } of rows) known.add(id);
  });
  return known;
}

/** The keys of the completions that the lane has of these purged tasks, see `keyOfCompletion`. */
export async function knownPurgedCompletions(lane: Lane, taskIds: ReadonlySet<string>): Promise<Set<string>> {
  const known = new Set<string>();
  await inBatches(taskIds, async (batch) => {
    const rows = await lane
      .rows('purged_completions')
      .whereRaw('task_id = any(?::uuid[])', [batch])
      .select('task_id', 'completed_at');
    for (const row of rows) known.add(keyOfCompletion(row));
  });
  return known;
}

/** The names of projects by id; ids that the lane does not have are left out. */
export async function projectNames(lane: Lane, ids: ReadonlySet<string>): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  await inBatches(ids, async (batch) => {
    const rows = await lane.rows('projects').whereRaw('id = any(?::uuid[])', [batch]).select('id', 'name');
    for (const { id, name } of rows) names.set(id, name);
  });
  return names;
}

/** The ids of the lane's projects by name. If several have the same name, the first that is not archived is taken. */
export async function projectsNamed(lane: Lane, names: ReadonlySet<string>): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  await inBatches(names, async (batch) => {
    const rows = await lane
      .rows('projects')
      .whereRaw('name = any(?)', [batch])
      .orderBy(['archived', 'position', 'id'])
      .select('id', 'name');
    for (const { id, name } of rows) if (!ids.has(name)) ids.set(name, id);
  });
  return ids;
}

/** The tag keys that exist in the lane. */
export async function knownTagKeys(lane: Lane, keys: ReadonlySet<string>): Promise<Set<string>> {
  const known = new Set<string>();
  await inBatches(keys, async (batch) => {
    const rows = await lane.rows('tags').whereRaw('name_key = any(?)', [batch]).select('name_key');
    for (const { name_key } of rows) known.add(name_key);
  });
  return known;
}

/** The project and level of a task, and whether it is in the trash. */
export interface KnownTask {
  readonly project_id: string | null;
  /** 1 for a task without a parent. */
  readonly level: number;
  readonly deleted: boolean;
  /** Only for tasks of the lane. */
  readonly parent_id?: string | null;
}

const level = `(
  with recursive line as (
    select tasks.parent_id as up
    union all
    select above.parent_id from line join tasklane.tasks as above on above.id = line.up where above.lane_id = ?
  )
  select count(*)::integer from line)`;

/** The projects and levels of tasks by id, also of tasks in the trash; ids that the lane does not have are left out. */
export async function knownTasks(lane: Lane, ids: ReadonlySet<string>): Promise<Map<string, KnownTask>> {
  const known = new Map<string, KnownTask>();
  await inBatches(ids, async (batch) => {
    const rows: (KnownTask & { id: string })[] = await lane
      .rows('tasks')
      .whereRaw('id = any(?::uuid[])', [batch])
      .select(
        'id',
        'project_id',
        'parent_id',
        lane.expression('deleted_at is not null as deleted'),
        lane.expression(`${level} as level`, [lane.id]),
      );
    for (const { id, ...task } of rows) known.set(id, task);
  });
  return known;
}
