import type { Schemas } from '../../platform/contract/document/operations';
import type { ChangeRow } from '../../platform/database/rows';

/** Maps who made a change to the schema `Actor`. */
function toActor(
  userId: string,
  { request, client_id: id }: Pick<ChangeRow, 'request' | 'client_id'>,
): Schemas['Actor'] {
  if (request === null) return { type: 'service', id: null };
  return id === null ? { type: 'user', id: userId } : { type: 'client', id };
}

/** Maps a change to the schema `Change`. */
export function toChange(userId: string, row: Omit<ChangeRow, 'lane_id'>): Schemas['Change'] {
  return {
    seq: Number(row.seq),
    user_id: userId,
    type: row.type,
    entity_id: row.entity_id,
    action: row.action,
    fields: row.fields,
    at: row.at.toISOString(),
    actor: toActor(userId, row),
    request: row.request,
  };
}
