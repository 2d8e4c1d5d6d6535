/** What can be done to tags by their ids. Every such write goes through here, wherever it comes from. */
import type { Schemas } from '../../platform/contract/document/operations';
import type { WritableLane } from '../../platform/database/lane';
import type { TagRow } from '../../platform/database/rows';
import { deleteTag, findTag, updateTag } from './repository';

/** Changes the fields of a tag that the body names; with the name of another, the answer is that other one. */
export async function changeTag(
  lane: WritableLane,
  id: string,
  body: { [F in keyof Schemas['TagPatch']]?: Schemas['TagPatch'][F] | undefined },
): Promise<TagRow | 'not-found'> {
  const current = await findTag(lane, id);
  return current ? updateTag(lane, current, body) : 'not-found';
}

/** Takes a tag off every task that carries it, and removes it. */
export async function removeTag(lane: WritableLane, id: string): Promise<'removed' | 'not-found'> {
  if (!(await findTag(lane, id))) return 'not-found';
  await deleteTag(lane, id);
  return 'removed';
}
