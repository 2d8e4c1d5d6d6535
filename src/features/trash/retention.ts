const dayMs = 24 * 60 * 60 * 1000;

/** The instant from which what was deleted may be purged, by the days that the trash keeps it. */
export function purgedAfter(deletedAt: Date, retentionDays: number): Date {
  return new Date(deletedAt.getTime() + retentionDays * dayMs);
}
