/** The changes that an undo takes back, and what else it must know of their entities. */
import type { Lane, WritableLane } from '../../platform/database/lane';
import { differences } from '../../platform/database/lane';
import type { ChangeRow, TaskRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { replaceTaskTags } from '../tags/repository';
import { taskColumns } from '../tasks/fields';
import { liveTasks } from '../tasks/repository';

/**
 * The ids of the last requests of the user, or of a client, that changed something; the latest first. It looks only at the
 * last `changes` changes of that actor, and returns fewer requests if these made them all.
 */
export async function findLastRequests(
  lane: Lane,
  clientId: string | null,
  { requests, changes }: { readonly requests: number; readonly changes: number },
): Promise<string[]> {
  const found = new Set<string>();
  let before: string | undefined;
  // The changes of a client can be far apart, so no more of them are read than needed.
  for (let left = changes, size = requests; found.size < requests && left > 0; size *= 4) {
    const query = lane
      .rows('changes')
      .whereNotNull('request')
      .where('client_id', clientId)
      .orderBy('seq', 'desc')
      .limit(Math.min(size, left))
      .select('seq', 'request');
    if (before !== undefined) query.where('seq', '<', before);
    const rows = await query;
    for (const { request } of rows) found.add(request as string);
    if (rows.length < Math.min(size, left)) break;
    left -= rows.length;
    before = rows.at(-1)?.seq;
  }
  return [...found].slice(0, requests);
}

// By how much the clock of an instance may be ahead of the database's.
const maxClockDifferenceMs = 3_600_000;

/** The time of a UUIDv7, in milliseconds since 1970 (RFC 9562, section 5.7). The service makes such ids for requests. */
function timeOf(request: string): number {
  return Number.parseInt(request.slice(0, 8) + request.slice(9, 13), 16);
}

/**
 * The changes of requests, in their order. No index finds them: it would make every write larger by 8 %. They are all later
 * than the first request, so only the end of the history is read.
 */
export async function listChangesOf(
  lane: Lane,
  requests: readonly string[],
  limit: number,
): Promise<ChangeRow[]> {
  const begin = new Date(Math.min(...requests.map(timeOf)) - maxClockDifferenceMs);
  const before: Pick<ChangeRow, 'seq'> | undefined = await lane
    .rows('changes')
    .where('at', '<', begin)
    .orderBy('seq', 'desc')
    .first('seq');
  return lane
    .rows('changes')
    .whereRaw('request = any(?::uuid[])', [[...requests]])
    .where('seq', '>', before?.seq ?? '0')
    .orderBy('seq')
    .limit(limit);
}

/** The last changes of an entity by others; 0 for none. */
export interface LaterChanges {
  /** The number of the last change of its fields. */
  readonly updated: number;
  /** The number of the last change that created, deleted or restored it. */
  readonly existence: number;
}

/** The last changes of entities, after the change `after`, that other requests made. */
export async function findLaterChanges(
  lane: Lane,
  ids: readonly string[],
  after: number,
  requests: readonly string[],
): Promise<Map<string, LaterChanges>> {
  const rows: { entity_id: string; updated: number; existence: number }[] = await lane
    .rows('changes')
    .whereRaw('entity_id = any(?::uuid[])', [[...ids]])
    .where('seq', '>', after)
    .whereRaw('(request is null or request <> all(?::uuid[]))', [[...requests]])
    .groupBy('entity_id')
    .select(
      'entity_id',
      lane.expression(`coalesce(max(seq) filter (where action = 'updated'), 0)::float8 as updated`),
      lane.expression(
        `coalesce(max(seq) filter (where action in ('created', 'deleted', 'restored', 'purged')), 0)::float8 as existence`,
      ),
    );
  return new Map(rows.map(({ entity_id, ...later }) => [entity_id, later]));
}

/** A task, also in the trash. */
export async function findAnyTask(lane: Lane, id: string): Promise<TaskRow | undefined> {
  return lane.rows('tasks').where('id', id).first(taskColumns);
}

/** Tasks outside the trash that are subtasks of these, or in these projects. */
export async function findDependents(
  lane: Lane,
  { parents, projects }: { readonly parents: readonly string[]; readonly projects: readonly string[] },
): Promise<Pick<TaskRow, 'id' | 'parent_id' | 'project_id'>[]> {
  return liveTasks(lane)
    .whereRaw('(parent_id = any(?::uuid[]) or project_id = any(?::uuid[]))', [[...parents], [...projects]])
    .select('id', 'parent_id', 'project_id');
}

/** The ids of the tasks that have a tag, also of those in the trash. */
export async function findTagged(lane: Lane, tagId: string): Promise<string[]> {
  const rows: { task_id: string }[] = await lane.rows('task_tags').where('tag_id', tagId).select('task_id');
  return rows.map(({ task_id }) => task_id);
}

/** The fields of a task that can change while it is in the trash. */
export type TrashedFields = Pick<TaskRow, 'project_id' | 'parent_id' | 'tags'>;

/** Updates fields of a task in the trash, and raises its version. */
export async function updateTrashed(
  lane: WritableLane,
  current: TaskRow,
  wanted: Partial<TrashedFields>,
): Promise<void> {
  const fields = differences<TrashedFields>(current, wanted);
  if (Object.keys(fields).length === 0) return;
  await update(lane.rows('tasks').where('id', current.id), {
    ...wanted,
    version: current.version + 1,
    updated_at: lane.now,
  });
  if (wanted.tags) await replaceTaskTags(lane, current.id, wanted.tags);
  lane.changed({ type: 'task', id: current.id, action: 'updated', fields });
}
