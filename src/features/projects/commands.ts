/**
 * The commands on projects. All writes of projects except imports use them. A command runs inside a write of the lane
 * and writes nothing if there are validation errors.
 */
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import type { WritableLane } from '../../platform/database/lane';
import type { ProjectRow } from '../../platform/database/rows';
import { deleteTasks } from '../tasks/delete';
import { moveNextTo, writePositions } from '../tasks/position';
import { deleteProject, findProject, insertProject, rootsIn, updateProject } from './repository';

type Change = { [F in keyof Schemas['ProjectPatch']]?: Schemas['ProjectPatch'][F] | undefined };

/** Creates a project. */
export async function createProject(
  lane: WritableLane,
  { name, ...body }: Schemas['ProjectCreate'] & { id: string },
): Promise<ProjectRow | 'id-taken'> {
  return (await insertProject(lane, { ...body, name: name.trim() })) ?? 'id-taken';
}

/** Changes the fields of a project that the body contains. */
export async function changeProject(
  lane: WritableLane,
  id: string,
  body: Change,
): Promise<ProjectRow | 'not-found'> {
  const current = await findProject(lane, id);
  return current ? updateProject(lane, current, { ...body, name: body.name?.trim() }) : 'not-found';
}

/** Removes a project for good. Its tasks stay without a project (`move`), or move to the trash (`delete`). */
export async function removeProject(
  lane: WritableLane,
  id: string,
  tasks: 'move' | 'delete',
): Promise<'removed' | 'not-found'> {
  const row = await findProject(lane, id);
  if (!row) return 'not-found';
  if (tasks === 'delete') await deleteTasks(lane, await rootsIn(lane, id));
  await deleteProject(lane, row);
  return 'removed';
}

/** Moves a project right before or right after another project. Validation errors have pointers into the body. */
export async function moveProject(
  lane: WritableLane,
  id: string,
  body: Schemas['ProjectMove'],
): Promise<ProjectRow | { errors: readonly ValidationError[] } | 'not-found'> {
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
