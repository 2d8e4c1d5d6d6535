import { Client } from 'pg';
import { urlsOnServers } from './citus';
import { query } from './database';

/** A lane whose lock is held by a connection outside of the service. */
export interface HeldLane {
  release(): Promise<void>;
}

/** Takes a lane's lock like a writer and keeps it, so that writers wait. Creates the lane if it is missing. */
export async function holdLane(url: string, userId: string): Promise<HeldLane> {
  const [lane] = await query<{ id: string }>(url, 'select make_lane($1) as id', [userId]);
  const client = new Client({ connectionString: url });
  // A test that fails may drop the database before the lane is released.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('begin');
  await client.query('select from tasklane.profiles where lane_id = $1 for update', [lane?.id]);
  return { release: () => client.end() };
}

/** The number of connections to this database that wait for a lock; on a cluster, of all servers. */
export async function waitingForLocks(url: string): Promise<number> {
  const counts = await Promise.all(
    urlsOnServers(url).map(async (each) => {
      const [row] = await query<{ count: number }>(
        each,
        `select count(*)::int as count from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return row?.count ?? 0;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
