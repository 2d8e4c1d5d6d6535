/**
 * The commands on projects. All writes of projects except imports use them. A command runs inside a write of the lane
 * and writes nothing if there are validation errors.
 */
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { splitReadOnly } from '../../platform/contract/read-only';
import type { WritableLane } from '../../platform/database/lane';
import type { ProjectRow } from '../../platform/database/rows';
import type { Invalid } from '../tasks/commands';
import { deleteTasks } from '../tasks/delete';
import { moveNextTo, writePositions } from '../tasks/position';
import { toProject } from './mapper';
import {
  addToTrash,
  deleteProject,
  findProject,
  insertProject,
  isInTrash,
  rootsIn,
  updateProject,
} from './repository';

type Change = { [F in keyof Schemas['ProjectPatch']]?: Schemas['ProjectPatch'][F] | undefined };

/** Creates a project. */
export async function createProject(
  lane: WritableLane,
  { name, ...body }: Schemas['ProjectCreate'] & { id: string },
): Promise<ProjectRow | 'id-taken'> {
  if (await isInTrash(lane, body.id)) return 'id-taken';
  return (await insertProject(lane, { ...body, name: name.trim() })) ?? 'id-taken';
}

const readOnly = ['id', 'user_id', 'position', 'version', 'created_at', 'updated_at'] as const;

/** Changes the fields of a project that the body contains. */
export async function changeProject(
  lane: WritableLane,
  id: string,
  body: Change,
): Promise<ProjectRow | Invalid | 'not-found'> {
  const current = await findProject(lane, id);
  if (!current) return 'not-found';
  const { wanted, errors } = splitReadOnly(body, toProject(lane.userId, current), readOnly);
  if (errors.length > 0) return { errors };
  return updateProject(lane, current, { ...wanted, name: wanted.name?.trim() });
}

/**
 * Removes a project for good, and its tasks stay without a project (`move`). Or moves the project to the trash, with its
 * tasks (`delete`).
 */
export async function removeProject(
  lane: WritableLane,
  id: string,
  tasks: 'move' | 'delete',
): Promise<'removed' | 'not-found'> {
  const project = await findProject(lane, id);
  if (!project) return 'not-found';
  if (tasks === 'delete') {
    const roots = await rootsIn(lane, id);
    await deleteTasks(lane, roots);
    await addToTrash(lane, project, roots);
  }
  await deleteProject(lane, project);
  return 'removed';
}

/** Moves a project right before or right after another project. Validation errors have pointers into the body. */
export async function moveProject(
  lane: WritableLane,
  id: string,
  body: Schemas['ProjectMove'],
): Promise<ProjectRow | Invalid | 'not-found'> {
  const side = body.before === undefined ? 'after' : 'before';
  const anchorId = body[side] as string;
  const current = await findProject(lane, id);
  if (!current) return 'not-found';
  const anchor = anchorId === id ? undefined : await findProject(lane, anchorId);
  if (!anchor) {
    const error: ValidationError =
      anchorId === id
        ? { pointer: `/${side}`, code: 'cycle', detail: 'must be another project' }
        : { pointer: `/${side}`, code: 'not-in-lane', detail: 'must be a project of this lane' };
    return { errors: [error] };
  }
  const { position, others } = await moveNextTo(lane, 'projects', current, anchor, side);
  await writePositions(lane, 'projects', others);
  return updateProject(lane, current, { position });
}
