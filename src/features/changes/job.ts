import type { LaneKey } from '../../platform/database/lane';
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
  readonly lanes: ReadonlyMap<string, LaneKey>;
}

const findEnd = `
  select (now() - make_interval(days => $3))::timestamptz(3) as cutoff, max(lane_id) as last
  from (select lane_id from tasklane.profiles where lane_id > $1 order by lane_id limit $2) as stretch`;

// The oldest change of each lane is the first in the index by `seq`. An index of `at` would slow down every write. A query of
// its own, because a subquery on a shard cannot refer to a common table expression.
const findOld = `
  select lane_id from tasklane.profiles as profile
  where lane_id > $1 and lane_id <= $2
    and (select at from tasklane.changes where lane_id = profile.lane_id order by seq limit 1) < $3`;

async function findStretch(system: System, after: string, days: number): Promise<Stretch> {
  const [end] = await system.query<Omit<Stretch, 'lanes'>>(findEnd, [after, lanesInRound, days]);
  const { cutoff, last } = end as Omit<Stretch, 'lanes'>;
  const old = last === null ? [] : await system.query<{ lane_id: string }>(findOld, [after, last, cutoff]);
  return { last, cutoff, lanes: await system.lanes(old.map(({ lane_id }) => lane_id)) };
}

/** Creates the job that purges changes older than `days`. Each round visits at most 1,000 lanes. */
export function createChangePurgeJob(days: number): Job {
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
          more = await laneForJob(key).write((lane) => purgeChanges(lane, cutoff, changesInBatch));
        }
      }
      if (signal.aborted) return { more: false };
      after = last ?? '0';
      return { more: last !== null };
    },
  };
}
