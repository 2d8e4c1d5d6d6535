import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import { differences, type Lane, type WritableLane } from '../../platform/database/lane';
import type { ClientRow } from '../../platform/database/rows';

/** A page of the lane's clients. */
export async function listClients(
  lane: Lane,
  order: readonly SortKey[],
  after: Position | null,
  limit: number,
): Promise<ClientRow[]> {
  return pageAfter(lane.rows('clients'), order, after).limit(limit);
}

/** Cuts off a client, or readmits it. @returns undefined if the lane has no such client */
export async function setCutOff(
  lane: WritableLane,
  id: string,
  isCutOff: boolean,
): Promise<ClientRow | undefined> {
  const current = await lane.rows('clients').where('id', id).first();
  if (!current || (current.cut_off_at !== null) === isCutOff) return current;
  const rows: ClientRow[] = await lane
    .rows('clients')
    .where('id', id)
    .update({ cut_off_at: isCutOff ? lane.now : null } as never)
    .returning('*');
  const row = rows[0] as ClientRow;
  lane.changed({
    type: 'client',
    id,
    action: 'updated',
    fields: differences(current, { cut_off_at: row.cut_off_at }),
  });
  return row;
}
