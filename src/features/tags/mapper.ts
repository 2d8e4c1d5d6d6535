import type { Schemas } from '../../platform/contract/document/operations';
import type { TagRow } from '../../platform/database/rows';

/** A tag as the contract has it. */
export function toTag(row: TagRow): Schemas['Tag'] {
  return {
    id: row.id,
    user_id: row.user_id,
    name: row.name,
    color: row.color,
    version: row.version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
