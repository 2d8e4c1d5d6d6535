/** Projects in the trash. */
import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import type { Lane, WritableLane } from '../../platform/database/lane';
import type { DeletedProjectRow, ProjectRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';

/** A project in the trash, without its list of tasks. */
export type TrashedProjectRow = Omit<DeletedProjectRow, 'roots'>;

/** A project in the trash, with the number of tasks that restoring it would bring back. */
export type ListedProject = TrashedProjectRow & { readonly task_count: string };

const columns = [
  ...['id', 'name', 'color', 'archived', 'position', 'version'],
  ...['created_at', 'updated_at', 'deleted_at'],
] as (keyof DeletedProjectRow)[];

/** A query for the projects in the trash, without their lists of tasks, which can be long. */
function deletedProjects(lane: Lane) {
  return lane.rows('deleted_projects').select(columns);
}

/** A project in the trash; undefined if there is none with this id. */
export async function findDeletedProject(lane: Lane, id: string): Promise<TrashedProjectRow | undefined> {
  return deletedProjects(lane).where('id', id).first();
}

/** A page of the projects in the trash, in `order`, without the numbers of their tasks. */
export async function listTrashedProjects(
  lane: Lane,
  order: readonly SortKey[],
  after: Position | null,
  limit: number,
): Promise<TrashedProjectRow[]> {
  return pageAfter(deletedProjects(lane), order, after).limit(limit) as never;
}

/** A page of the projects in the trash, in `order`. */
export async function listDeletedProjects(
  lane: Lane,
  order: readonly SortKey[],
  after: Position | null,
  limit: number,
): Promise<ListedProject[]> {
  const tasks = lane.rows('tasks').whereRaw('deleted_with = any(deleted_projects.roots)').count();
  const query = deletedProjects(lane).select(lane.expression('(?) as task_count', [tasks] as never));
  return pageAfter(query, order, after).limit(limit) as never;
}

interface TrashedTask {
  readonly id: string;
  readonly parent_id: string | null;
}

/** The ids of tasks, each before its subtasks. */
function parentsFirst(rows: readonly TrashedTask[]): string[] {
  const below = Map.groupBy(rows, ({ parent_id }) => parent_id);
  const line = (id: string): string[] => [id, ...(below.get(id) ?? []).flatMap((row) => line(row.id))];
  return (below.get(null) ?? []).flatMap(({ id }) => line(id));
}

/**
 * Restores a project, and the tasks that were deleted with it and are still in the trash.
 * @returns the project; undefined if the trash has no project with this id
 */
export async function restoreProject(lane: WritableLane, id: string): Promise<ProjectRow | undefined> {
  const row = await findDeletedProject(lane, id);
  if (!row) return undefined;
  const { name, color, archived, position, version, created_at } = row;
  const fields = { id, name, color, archived, position, created_at };
  const [project] = await lane
    .insert('projects', { ...fields, version: version + 1, updated_at: lane.now })
    .returning('*');
  lane.changed({ type: 'project', id, action: 'restored', fields: {} });

  const own = () => lane.rows('deleted_projects').where('id', id);
  const tasks: TrashedTask[] = await lane
    .rows('tasks')
    .whereIn('deleted_with', own().select(lane.expression('unnest(roots)')))
    .orderBy(['position', 'id'])
    .select('id', 'parent_id');
  await own().delete();
  const ids = parentsFirst(tasks);
  for (const chunk of chunksOf(ids, rowsInStatement)) {
    await update(lane.rows('tasks').whereRaw('id = any(?)', [chunk]), {
      deleted_at: null,
      deleted_with: null,
      project_id: id,
      version: lane.expression('version + 1'),
      updated_at: lane.now,
    });
  }
  for (const task of ids) {
    const fields = { project_id: { from: null, to: id } };
    lane.changed({ type: 'task', id: task, action: 'restored', fields });
  }
  return project as ProjectRow;
}

/** Purges the projects that were deleted up to the instant `until`; without it, all. Their tasks stay in the trash. */
export async function purgeProjects(lane: WritableLane, until?: Date): Promise<void> {
  const query = lane.rows('deleted_projects');
  if (until) query.where('deleted_at', '<=', until);
  const rows: { id: string }[] = await query.delete().returning('id');
  for (const { id } of rows) lane.changed({ type: 'project', id, action: 'purged', fields: {} });
}
