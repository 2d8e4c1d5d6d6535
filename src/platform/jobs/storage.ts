import type { LaneKey } from '../database/lane';
import { type MeasuredPart, measurePart, tablesWithStorage } from '../database/storage';
import { update } from '../database/update';
import type { Job, JobContext } from './job';

const lanesInRound = 10;
/** The most rows that one statement measures. */
export const rowsInPart = 50_000;

// The new time is a lease, too: other instances measure other lanes. A lane with a running write is measured later.
const takeLanes = `
  update tasklane.profiles set storage_check_at = clock_timestamp() + interval '10 minutes'
  where lane_id in (
    select lane_id from tasklane.profiles where storage_check_at <= clock_timestamp()
    order by storage_check_at limit $1 for update skip locked
  )
  returning lane_id`;

/** Measures a lane and corrects its storage. Each part is a short transaction of its own, so that it blocks no write. */
async function measure({ laneForJob, signal }: JobContext, key: LaneKey): Promise<void> {
  const lane = laneForJob(key);
  // The counter is read before the rows: writes in between count twice until the next measurement, but none is missed.
  const before = await lane.read((readable) =>
    readable.rows('profiles').first('epoch', 'storage_written').then(),
  );
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
    const lanes = await context.withSystem.write(async (system) => {
      const taken = await system.query<{ lane_id: string }>(takeLanes, [lanesInRound]);
      return system.lanes(taken.map((row) => row.lane_id));
    });
    for (const key of lanes.values()) {
      if (context.signal.aborted) break;
      await measure(context, key);
    }
    return { more: lanes.size === lanesInRound };
  },
};
