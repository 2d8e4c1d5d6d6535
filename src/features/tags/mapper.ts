import type { Schemas } from '../../platform/contract/document/operations';
import type { TagRow } from '../../platform/database/rows';

/** Maps a tag to the schema `Tag`. */
export function toTag(userId: string, row: TagRow): Schemas['Tag'] {
  return {
    id: row.id,
    user_id: userId,
    name: row.name,
    color: row.color,
    version: row.version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
