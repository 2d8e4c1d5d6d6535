/** The commands on tags. All writes of a tag by its id use them. */
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { splitReadOnly } from '../../platform/contract/read-only';
import type { WritableLane } from '../../platform/database/lane';
import type { TagRow } from '../../platform/database/rows';
import { toTag } from './mapper';
import { deleteTag, findTag, updateTag } from './repository';

const readOnly = ['id', 'user_id', 'version', 'created_at', 'updated_at'] as const;

/**
 * Changes the fields of a tag that the body contains. With the name of another tag, the two are merged into that tag.
 */
export async function changeTag(
  lane: WritableLane,
  id: string,
  body: { [F in keyof Schemas['TagPatch']]?: Schemas['TagPatch'][F] | undefined },
): Promise<TagRow | { readonly errors: readonly ValidationError[] } | 'not-found'> {
  const current = await findTag(lane, id);
  if (!current) return 'not-found';
  const { wanted, errors } = splitReadOnly(body, toTag(lane.userId, current), readOnly);
  return errors.length > 0 ? { errors } : updateTag(lane, current, wanted);
}

/** Removes a tag, also from all tasks that have it. */
export async function removeTag(lane: WritableLane, id: string): Promise<'removed' | 'not-found'> {
  const row = await findTag(lane, id);
  if (!row) return 'not-found';
  await deleteTag(lane, row);
  return 'removed';
}
