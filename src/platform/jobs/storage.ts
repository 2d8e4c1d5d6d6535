import type { LaneKey } from '../database/lane';
import type { ProfileRow } from '../database/rows';
import { type MeasuredPart, measurePart, tablesWithStorage } from '../database/storage';
import { update } from '../database/update';
import type { Job, JobContext } from './job';

const lanesInRound = 10;
type Taken = Pick<ProfileRow, 'epoch' | 'storage_written'>;

/** The most rows that one statement measures. */
export const rowsInPart = 50_000;

/**
 * Takes a lane that is due. The new time is a lease, too: other instances measure other lanes.
 * @returns the state of its counter; undefined if another instance has taken the lane, or it does not exist any more
 */
async function take({ laneForJob }: JobContext, key: LaneKey): Promise<Taken | undefined> {
  return laneForJob(key).write(async (lane) => {
    const due = lane.rows('profiles').whereRaw('storage_check_at <= now()');
    const [taken] = await update(due, {
      storage_check_at: lane.expression(`now() + interval '10 minutes'`),
    }).returning(['epoch', 'storage_written']);
    return taken as Taken | undefined;
  });
}

/** Measures a lane and corrects its storage. Each part is a short transaction of its own, so that it blocks no write. */
async function measure(context: JobContext, key: LaneKey): Promise<void> {
  const { laneForJob, signal } = context;
  const lane = laneForJob(key);
  // The counter is read before the rows: writes in between count twice until the next measurement, but none is missed.
  const before = await take(context, key);
  if (!before) return;
  let bytes = 0;
  for (const table of tablesWithStorage) {
    let part: MeasuredPart = { bytes: 0, last: null };
    do {
      if (signal.aborted) return;
      const { last } = part;
      part = await lane.read((readable) => measurePart(readable, table, last, rowsInPart));
      bytes += part.bytes;
    } while (part.last);
  }
  const correction = bytes - Number(before.storage_written);
  await lane.write(async (writable) => {
    const threshold = Number.isFinite(writable.quotas.storage)
      ? Math.floor(writable.quotas.storage / 2)
      : null;
    await update(writable.rows('profiles').where('epoch', before.epoch), {
      storage_correction: String(correction),
      storage_check_at: writable.expression(
        'case when storage_written + ?::bigint > ?::bigint then storage_check_at end',
        [correction, threshold as never],
      ),
    });
  });
}

/** Measures the bytes of each lane that uses more than half of its quota, every 10 minutes. */
export const storageJob: Job = {
  name: 'measure-storage',
  everyMs: 60_000,
  async run(context) {
    const lanes = await context.withSystem.read(async (system) => {
      const due = await system
        .rows('profiles')
        .whereRaw('storage_check_at <= now()')
        .orderBy('storage_check_at')
        .limit(lanesInRound)
        .select('lane_id');
      return system.lanes(due.map((row) => row.lane_id));
    });
    for (const key of lanes.values()) {
      if (context.signal.aborted) break;
      await measure(context, key);
    }
    return { more: lanes.size === lanesInRound };
  },
};
