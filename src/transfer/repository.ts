import { pageAfter, type SortKey } from '../database/keyset';
import type { Lane } from '../database/lane';
import type { TaskRow } from '../database/rows';

/** A page of the tasks in the trash, whatever deleted them. */
export async function listTrashed(
  lane: Lane,
  order: readonly SortKey[],
  after: string[] | null,
  limit: number,
): Promise<TaskRow[]> {
  return pageAfter(lane.rows('tasks').whereNotNull('deleted_at'), order, after).limit(limit);
}

const batchSize = 5_000;

/** What a query finds for each of many values, a batch at a time. */
async function inBatches<V, R>(values: readonly V[], find: (batch: V[]) => Promise<R[]>): Promise<R[]> {
  const found: R[] = [];
  for (let start = 0; start < values.length; start += batchSize) {
    found.push(...(await find(values.slice(start, start + batchSize))));
  }
  return found;
}

/** Which of these ids a table of the lane has. */
export async function knownIds(
  lane: Lane,
  table: 'projects' | 'tags' | 'tasks' | 'completions',
  ids: readonly string[],
): Promise<Set<string>> {
  const rows = await inBatches<string, { id: string }>([...ids], (batch) =>
    lane.rows(table).whereRaw('id = any(?::uuid[])', [batch]).select('id'),
  );
  return new Set(rows.map(({ id }) => id));
}

/** Which of these keys of tags' names the lane has. */
export async function knownTagKeys(lane: Lane, keys: readonly string[]): Promise<Set<string>> {
  const rows = await inBatches<string, { name_key: string }>([...keys], (batch) =>
    lane.rows('tags').whereRaw('name_key = any(?)', [batch]).select('name_key'),
  );
  return new Set(rows.map(({ name_key }) => name_key));
}

/** Where a task of the lane is. */
export interface KnownPlace {
  readonly project_id: string | null;
  /** 1 for a task without a parent. */
  readonly level: number;
  readonly deleted: boolean;
}

const level = `(
  with recursive line as (
    select tasks.parent_id as up
    union all
    select above.parent_id from line join tasklane.tasks as above on above.user_id = tasks.user_id and above.id = line.up
  )
  select count(*)::integer from line)`;

/** Where these tasks are, those in the trash too; those that the lane does not have are left out. */
export async function knownPlaces(lane: Lane, ids: readonly string[]): Promise<Map<string, KnownPlace>> {
  const rows = await inBatches<string, KnownPlace & { id: string }>([...ids], (batch) =>
    lane
      .rows('tasks')
      .whereRaw('id = any(?::uuid[])', [batch])
      .select(
        'id',
        'project_id',
        lane.expression('deleted_at is not null as deleted'),
        lane.expression(`${level} as level`),
      ),
  );
  return new Map(rows.map(({ id, ...place }) => [id, place]));
}
