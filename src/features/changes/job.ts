import type { System } from '../../platform/database/system';
import type { Job } from '../../platform/jobs/job';
import { purgeChanges } from './repository';

const lanesInRound = 1_000;
const changesInBatch = 1_000;

/** The next lanes of a walk through all lanes. */
interface Stretch {
  /** The id of the last lane of this part; null if the walk has ended. */
  readonly last: string | null;
  /** Changes before this instant are purged. */
  readonly cutoff: Date;
  /** The lanes whose oldest change is before `cutoff`. */
  readonly lanes: string[];
}

// The oldest change of each lane is the first in the index by `seq`. An index of `at` would slow down every write.
const nextLanes = `
  with stretch as (
    select lane_id from tasklane.profiles where lane_id > $1 order by lane_id limit $2
  ), cutoff as (
    select (now() - make_interval(days => $3))::timestamptz(3) as at
  )
  select (select max(lane_id) from stretch) as last, cutoff.at as cutoff, array(
    select lane_id from stretch
    where (select at from tasklane.changes where lane_id = stretch.lane_id order by seq limit 1) < cutoff.at
  ) as lanes
  from cutoff`;

async function findStretch(system: System, after: string, days: number) {
  const [row] = await system.query<Stretch>(nextLanes, [after, lanesInRound, days]);
  const { last, cutoff, lanes } = row as Stretch;
  return { last, cutoff, lanes: await system.lanes(lanes) };
}

/**
 * Creates the job that purges changes older than `days`. Each round visits at most 1,000 lanes.
 * @param keepsUnpublished true to keep changes whose events the broker has not stored
 */
export function createChangePurgeJob(days: number, keepsUnpublished: boolean): Job {
  // The position of this process in its walk. Two processes may visit the same lanes; the second finds nothing to
  // purge.
  let after = '0';
  return {
    name: 'purge-changes',
    everyMs: 3_600_000,
    async run({ withSystem, laneForJob, signal }) {
      const { last, cutoff, lanes } = await withSystem.read((system) => findStretch(system, after, days));
      for (const key of lanes.values()) {
        let more: boolean | undefined = true;
        while (more && !signal.aborted) {
          more = await laneForJob(key).write((lane) =>
            purgeChanges(lane, { cutoff, keepsUnpublished }, changesInBatch),
          );
        }
      }
      if (signal.aborted) return { more: false };
      after = last ?? '0';
      return { more: last !== null };
    },
  };
}
