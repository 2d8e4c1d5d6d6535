import type { System } from '../../platform/database/system';
import type { Job } from '../../platform/jobs/job';
import { purgeChanges } from './repository';

const lanesInRound = 1_000;
const changesInBatch = 1_000;

/** The next lanes of a walk through all of them. */
interface Stretch {
  /** The last of them; null where the walk is over. */
  readonly last: string | null;
  /** What is older may go. */
  readonly cutoff: Date;
  /** Those whose oldest change is older than that. */
  readonly users: string[];
}

// The oldest change of each lane is the first in the index; an index of their times would cost every write.
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

/** Purges the changes that are older than `days`, a stretch of lanes a round. */
export function createChangePurge(days: number): Job {
  // Where this process is in its walk. Another that walks at the same time finds less to do.
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
