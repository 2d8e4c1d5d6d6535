import type { Schemas } from '../../platform/contract/document/operations';
import type { ChangeRow } from '../../platform/database/rows';

/** Maps a change to the schema `Change`. */
export function toChange(row: ChangeRow): Schemas['Change'] {
  return {
    seq: Number(row.seq),
    user_id: row.user_id,
    type: row.type,
    entity_id: row.entity_id,
    action: row.action,
    fields: row.fields,
    at: row.at.toISOString(),
  };
}
