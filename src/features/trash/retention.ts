const dayMs = 24 * 60 * 60 * 1000;

/** The instant after which a deleted task can be purged. */
export function purgedAfter(deletedAt: Date, retentionDays: number): Date {
  return new Date(deletedAt.getTime() + retentionDays * dayMs);
}
