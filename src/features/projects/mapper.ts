import type { Schemas } from '../../platform/contract/document/operations';
import type { ProjectRow } from '../../platform/database/rows';

/** Maps a project to the schema `Project`. */
export function toProject(userId: string, row: ProjectRow): Schemas['Project'] {
  return {
    id: row.id,
    user_id: userId,
    name: row.name,
    color: row.color,
    archived: row.archived,
    position: row.position,
    version: row.version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
