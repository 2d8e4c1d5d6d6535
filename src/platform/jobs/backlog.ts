import type { Backlog } from '../observability/metrics/metrics';
import type { Job } from './job';

const mostCounted = 10_000;

/** The statement that measures the rows of a table that wait since `due_at`: those for which `condition` is true. */
export function backlogOf(table: string, condition: string): string {
  return `
  select count(*)::int as count, coalesce(extract(epoch from now() - min(due_at)), 0)::float8 as "oldestSeconds"
  from (select due_at from ${table} where ${condition} order by due_at limit ${mostCounted}) as waiting`;
}

/**
 * Creates a job that measures a backlog for the metrics. While nobody uses the service and the backlog was empty, it asks
 * nothing, so that a database that suspends itself is not kept awake.
 * @param measure the statement of `backlogOf`
 */
export function createBacklogJob(
  name: string,
  measure: string,
  isIdle: () => boolean,
  onMeasured: (backlog: Backlog) => void,
): Job {
  let isEmpty = false;
  return {
    name,
    everyMs: 15_000,
    async run({ withSystem }) {
      if (isEmpty && isIdle()) return { more: false };
      const [backlog] = await withSystem.read((system) => system.query<Backlog>(measure));
      if (backlog) onMeasured(backlog);
      isEmpty = backlog?.count === 0;
      return { more: false };
    },
  };
}
