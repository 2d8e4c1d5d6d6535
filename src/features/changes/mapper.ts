import type { Schemas } from '../../platform/contract/document/operations';
import type { ChangeRow } from '../../platform/database/rows';

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
  };
}
