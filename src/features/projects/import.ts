/** Projects from an imported file: creates them, also in the trash, and restores them from the trash. */
import { differences, type Lane, lastValues, type WritableLane } from '../../platform/database/lane';
import type { DeletedProjectRow, ProjectRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { lastFields } from './repository';

/** A project from an import. Undefined: the file does not have the field. */
export interface ImportedProject {
  readonly id: string;
  readonly name: string;
  readonly color: string | null | undefined;
  readonly archived: boolean | undefined;
  readonly position: string | undefined;
  readonly created_at: Date | undefined;
  /** Set for a project in the trash. */
  readonly deleted_at: Date | null;
}

/** The values of a new project. */
function newValues(
  lane: WritableLane,
  { id, name, color = null, archived = false, position, created_at }: ImportedProject,
) {
  return {
    ...{ id, name, color, archived },
    ...(position === undefined ? {} : { position }),
    created_at: created_at ?? lane.now,
    updated_at: lane.now,
  };
}

async function insertProjects(lane: WritableLane, projects: readonly ImportedProject[]): Promise<string[]> {
  if (projects.length === 0) return [];
  const rows: { id: string }[] = await lane
    .insert(
      'projects',
      projects.map((project) => newValues(lane, project)),
    )
    .onConflict(['lane_id', 'id'])
    .ignore()
    .returning('id');
  for (const { id } of rows) lane.changed({ type: 'project', id, action: 'created', fields: {} });
  return rows.map(({ id }) => id);
}

/** Creates projects in the trash. Tasks are added to them by `addRoots`. */
async function insertTrashed(lane: WritableLane, projects: readonly ImportedProject[]): Promise<string[]> {
  if (projects.length === 0) return [];
  const rows: ProjectRow[] = await lane
    .insert(
      'deleted_projects',
      projects.map((project) => ({
        ...newValues(lane, project),
        ...{ version: 1, deleted_at: project.deleted_at as Date, roots: [] },
      })),
    )
    .onConflict(['lane_id', 'id'])
    .ignore()
    .returning('*');
  for (const row of rows) {
    lane.changed({ type: 'project', id: row.id, action: 'created', fields: {} });
    lane.changed({ type: 'project', id: row.id, action: 'deleted', fields: lastValues(row, lastFields) });
  }
  return rows.map(({ id }) => id);
}

type TrashedRow = Omit<DeletedProjectRow, 'roots'>;

/**
 * Restores projects from the trash, with the values of the file. Tasks that the file does not have stay in the trash and can
 * be restored on their own.
 */
async function restoreProjects(
  lane: WritableLane,
  projects: readonly ImportedProject[],
  trashed: ReadonlyMap<string, TrashedRow>,
): Promise<string[]> {
  if (projects.length === 0) return [];
  const ids = projects.map(({ id }) => id);
  const restored = projects.map(({ id, name, color, archived, position, created_at }) => {
    const before = trashed.get(id) as TrashedRow;
    const after = {
      name,
      color: color === undefined ? before.color : color,
      archived: archived ?? before.archived,
      position: position ?? before.position,
    };
    return { before, after, row: { ...after, id, created_at: created_at ?? before.created_at } };
  });
  await lane.rows('deleted_projects').whereRaw('id = any(?)', [ids]).delete();
  await lane.insert(
    'projects',
    restored.map(({ row, before }) => ({ ...row, version: before.version + 1, updated_at: lane.now })),
  );
  for (const { before, after } of restored) {
    const fields = differences<TrashedRow>(before, after);
    lane.changed({ type: 'project', id: before.id, action: 'restored', fields });
  }
  return ids;
}

async function findTrashed(lane: Lane, ids: readonly string[]): Promise<Map<string, TrashedRow>> {
  const rows: TrashedRow[] = await lane
    .rows('deleted_projects')
    .whereRaw('id = any(?)', [[...ids]])
    .select('id', 'name', 'color', 'archived', 'position', 'version', 'created_at');
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Creates projects, and restores those that are in the trash; skips those that the lane has.
 * @returns the ids of the projects that were created or restored
 */
export async function importProjects(
  lane: WritableLane,
  projects: readonly ImportedProject[],
): Promise<string[]> {
  const trashed = await findTrashed(
    lane,
    projects.map(({ id }) => id),
  );
  const live = projects.filter(({ deleted_at }) => deleted_at === null);
  const deleted = projects.filter(({ deleted_at }) => deleted_at !== null);
  const created = await insertProjects(
    lane,
    live.filter(({ id }) => !trashed.has(id)),
  );
  const restored = await restoreProjects(
    lane,
    live.filter(({ id }) => trashed.has(id)),
    trashed,
  );
  return [...created, ...restored, ...(await insertTrashed(lane, deleted))];
}

/** Adds tasks in the trash to the projects in the trash with which they were deleted. */
export async function addRoots(
  lane: WritableLane,
  tasks: readonly { readonly id: string; readonly deleted_with_project: string | null }[],
): Promise<void> {
  const rootsOf = new Map<string, string[]>();
  for (const { id, deleted_with_project } of tasks) {
    if (deleted_with_project === null) continue;
    rootsOf.set(deleted_with_project, [...(rootsOf.get(deleted_with_project) ?? []), id]);
  }
  if (rootsOf.size === 0) return;
  await update(lane.rows('deleted_projects').whereRaw('id = any(?)', [[...rootsOf.keys()]]), {
    roots: lane.expression(
      'roots || array(select value::uuid from jsonb_array_elements_text(?::jsonb -> id::text))',
      [JSON.stringify(Object.fromEntries(rootsOf))],
    ),
  });
}
