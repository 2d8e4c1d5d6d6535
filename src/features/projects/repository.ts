import { isCompletedSql, isOpenSql } from '../../domain/tasks/status';
import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import {
  bytesOfRow,
  differences,
  type Lane,
  lastValues,
  type WritableLane,
} from '../../platform/database/lane';
import type { ProjectRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { liveTasks } from '../tasks/repository';
import { updateTasks } from '../tasks/write';

/** The fields of a project that its user sets. */
export interface ProjectFields {
  name: string;
  color: string | null;
  archived: boolean;
}

/** The fields of a project that the change of its deletion has. */
export const lastFields = ['name', 'color', 'archived', 'position', 'created_at'] as const;

type Changeable = ProjectFields & Pick<ProjectRow, 'position'>;

/** A page of projects in `order`. */
export async function listProjects(
  lane: Lane,
  page: {
    ids?: readonly string[] | undefined;
    archived?: boolean | undefined;
    order: readonly SortKey[];
    after: Position | null;
    limit: number;
  },
): Promise<ProjectRow[]> {
  const query = lane.rows('projects');
  if (page.ids) query.whereRaw('id = any(?::uuid[])', [[...page.ids]]);
  if (page.archived !== undefined) query.where('archived', page.archived);
  return pageAfter(query, page.order, page.after).limit(page.limit);
}

/** The names of all projects that are not archived, in their order. */
export async function listProjectNames(lane: Lane): Promise<Pick<ProjectRow, 'id' | 'name'>[]> {
  return lane.rows('projects').where('archived', false).orderBy('position').select('id', 'name');
}

export interface ProjectCounts {
  readonly open: number;
  readonly completed: number;
}

/** The number of tasks of each of these projects by its id, without tasks in the trash. */
export async function countInProjects(
  lane: Lane,
  ids: readonly string[],
): Promise<Record<string, ProjectCounts>> {
  const rows: { project_id: string; open: string; completed: string }[] = await liveTasks(lane)
    .whereIn('project_id', ids)
    .groupBy('project_id')
    .select(
      'project_id',
      lane.expression(`count(*) filter (where ${isOpenSql}) as open`),
      lane.expression(`count(*) filter (where ${isCompletedSql}) as completed`),
    );
  const counted = new Map(rows.map((row) => [row.project_id, row]));
  return Object.fromEntries(
    ids.map((id) => {
      const row = counted.get(id);
      return [id, { open: Number(row?.open ?? 0), completed: Number(row?.completed ?? 0) }];
    }),
  );
}

/** A project; undefined if the lane has none with this id. */
export async function findProject(lane: Lane, id: string): Promise<ProjectRow | undefined> {
  return lane.rows('projects').where('id', id).first();
}

/** Creates a project. @returns undefined if the id is taken */
export async function insertProject(
  lane: WritableLane,
  project: ProjectFields & { id: string },
): Promise<ProjectRow | undefined> {
  const [row] = await lane
    .insert('projects', {
      ...project,
      created_at: lane.now,
      updated_at: lane.now,
    })
    .onConflict(['lane_id', 'id'])
    .ignore()
    .returning('*');
  if (row) lane.changed({ type: 'project', id: row.id, action: 'created', fields: {} });
  return row;
}

/** Updates fields of a project and raises its version. Returns the project unchanged if no field differs. */
export async function updateProject(
  lane: WritableLane,
  current: ProjectRow,
  wanted: { [F in keyof Changeable]?: Changeable[F] | undefined },
): Promise<ProjectRow> {
  const fields = differences<Changeable>(current, wanted);
  if (Object.keys(fields).length === 0) return current;
  const [row] = await update(lane.rows('projects').where('id', current.id), {
    ...wanted,
    version: current.version + 1,
    updated_at: lane.now,
  }).returning('*');
  lane.changed({ type: 'project', id: current.id, action: 'updated', fields });
  return row as ProjectRow;
}

/** The ids of the tasks of a project that have no parent and are not in the trash. */
export async function rootsIn(lane: Lane, projectId: string): Promise<string[]> {
  const rows: { id: string }[] = await liveTasks(lane)
    .where('project_id', projectId)
    .whereNull('parent_id')
    .orderBy(['position', 'id'])
    .select('id');
  return rows.map((row) => row.id);
}

/** True if the trash has a project with this id. */
export async function isInTrash(lane: Lane, id: string): Promise<boolean> {
  return (await lane.rows('deleted_projects').where('id', id).first('id')) !== undefined;
}

/** What the problem `id-taken` says about the project that has an id, also in the trash. */
export async function projectWithId(lane: Lane, id: string) {
  const [row, deleted] = await Promise.all([
    lane.rows('projects').where('id', id).first('version'),
    lane.rows('deleted_projects').where('id', id).first('version'),
  ]);
  const found = row ?? deleted;
  if (!found) return { entity: null };
  return {
    entity: { type: 'project' as const, version: Number(found.version), in_trash: row === undefined },
  };
}

/** Adds a project to the trash, with the tasks `roots` that go there too. `deleteProject` must follow. */
export async function addToTrash(
  lane: WritableLane,
  { id, name, color, archived, position, version, created_at }: ProjectRow,
  roots: readonly string[],
): Promise<void> {
  const fields = { id, name, color, archived, position, created_at, roots: [...roots] };
  const row = { ...fields, version: version + 1, updated_at: lane.now, deleted_at: lane.now };
  await lane.insert('deleted_projects', row);
  // The row takes the place of the project's row. A full lane can still delete projects.
  lane.stored(-bytesOfRow(row));
}

/** Removes a project. Its tasks, also those in the trash, then have no project. */
export async function deleteProject(lane: WritableLane, row: ProjectRow): Promise<void> {
  const { id } = row;
  const rows = await lane.rows('tasks').where('project_id', id).select('id', 'parent_id', 'project_id');
  await updateTasks(lane, rows, { project_id: null });
  await lane.rows('projects').where('id', id).delete();
  lane.changed({ type: 'project', id, action: 'deleted', fields: lastValues(row, lastFields) });
}
