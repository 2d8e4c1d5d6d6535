/** How long the trash keeps what was deleted. */
export const retentionDays = 30;

const dayMs = 24 * 60 * 60 * 1000;

/** The instant from which what was deleted may be purged. */
export function purgedAfter(deletedAt: Date): Date {
  return new Date(deletedAt.getTime() + retentionDays * dayMs);
}
