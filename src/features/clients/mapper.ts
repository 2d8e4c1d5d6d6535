import type { Schemas } from '../../platform/contract/document/operations';
import type { ClientRow } from '../../platform/database/rows';

/** Maps a client to the schema `ClientEntry`. */
export function toClientEntry(row: ClientRow): Schemas['ClientEntry'] {
  return {
    id: row.id,
    client_id: row.client_id,
    name: row.name,
    scopes: row.scopes.map((scope) => `tasklane:${scope}` as Schemas['TokenScope']),
    first_used_at: row.first_used_at.toISOString(),
    last_used_at: row.last_used_at.toISOString(),
    cut_off_at: row.cut_off_at?.toISOString() ?? null,
  };
}
