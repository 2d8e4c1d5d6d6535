/** The commands on tags. All writes of a tag by its id use them. */
import type { Schemas } from '../../platform/contract/document/operations';
import type { WritableLane } from '../../platform/database/lane';
import type { TagRow } from '../../platform/database/rows';
import { deleteTag, findTag, updateTag } from './repository';

/**
 * Changes the fields of a tag that the body contains. With the name of another tag, the two are merged into that tag.
 */
export async function changeTag(
  lane: WritableLane,
  id: string,
  body: { [F in keyof Schemas['TagPatch']]?: Schemas['TagPatch'][F] | undefined },
): Promise<TagRow | 'not-found'> {
  const current = await findTag(lane, id);
  return current ? updateTag(lane, current, body) : 'not-found';
}

/** Removes a tag, also from all tasks that have it. */
export async function removeTag(lane: WritableLane, id: string): Promise<'removed' | 'not-found'> {
  const row = await findTag(lane, id);
  if (!row) return 'not-found';
  await deleteTag(lane, row);
  return 'removed';
}
