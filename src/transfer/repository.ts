import type { Lane } from '../database/lane';
import type { ChangeRow } from '../database/rows';

/** The lane's changes after the one numbered `after`, in their order. */
export async function listChanges(lane: Lane, after: string, limit: number): Promise<ChangeRow[]> {
  return lane.rows('changes').where('seq', '>', after).orderBy('seq').limit(limit);
}
