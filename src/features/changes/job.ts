import type { System } from '../../platform/database/system';
import type { Job } from '../../platform/jobs/job';
import { purgeChanges } from './repository';

const lanesInRound = 1_000;
const changesInBatch = 1_000;

/** The next lanes of a walk through all lanes. */
interface Stretch {
  /** The last user of this part; null if the walk has ended. */
  readonly last: string | null;
  /** Changes before this instant are purged. */
  readonly cutoff: Date;
  /** The users whose oldest change is before `cutoff`. */
  readonly users: string[];
}

// The oldest change of each lane is the first in the index by `seq`. An index of `at` would slow down every write.
const nextLanes = `
  with stretch as (
    select user_id from tasklane.profiles where user_id > $1 order by user_id limit $2
  ), cutoff as (
    select (now() - make_interval(days => $3))::timestamptz(3) as at
  )
  select (select max(user_id) from stretch) as last, cutoff.at as cutoff, array(
    select user_id from stretch
    where (select at from tasklane.changes where user_id = stretch.user_id order by seq limit 1) < cutoff.at
  ) as users
  from cutoff`;

async function findLanes(system: System, after: string, days: number): Promise<Stretch> {
  const [row] = await system.query<Stretch>(nextLanes, [after, lanesInRound, days]);
  return row as Stretch;
}

/** Creates the job that purges changes older than `days`. Each round visits at most 1,000 lanes. */
export function createChangePurgeJob(days: number): Job {
  // The position of this process in its walk. Two processes may visit the same lanes; the second finds nothing to
  // purge.
  let after = '';
  return {
    name: 'purge-changes',
    everyMs: 3_600_000,
    async run({ withSystem, laneForJob, signal }) {
      const { last, cutoff, users } = await withSystem.read((system) => findLanes(system, after, days));
      for (const userId of users) {
        let more: boolean | undefined = true;
        while (more && !signal.aborted) {
          more = await laneForJob(userId).write((lane) => purgeChanges(lane, cutoff, changesInBatch));
        }
      }
      if (signal.aborted) return { more: false };
      after = last ?? '';
      return { more: last !== null };
    },
  };
}
