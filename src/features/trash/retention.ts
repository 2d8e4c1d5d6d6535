const dayMs = 24 * 60 * 60 * 1000;

/** The instant from which a deleted task may be purged. */
export function purgedAfter(deletedAt: Date, retentionDays: number): Date {
  return new Date(deletedAt.getTime() + retentionDays * dayMs);
}
