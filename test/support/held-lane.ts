import { Client } from 'pg';
import { query } from './database';

/** A lane whose lock a connection beside the service holds. */
export interface HeldLane {
  release(): Promise<void>;
}

/** Takes a lane's lock as a writer would, and keeps it: the lane's writers wait. Makes the lane if there is none. */
export async function holdLane(url: string, userId: string): Promise<HeldLane> {
  await query(url, 'insert into tasklane.profiles (user_id) values ($1) on conflict do nothing', [userId]);
  const client = new Client({ connectionString: url });
  // The database may be dropped before the lane is released, by a test that fails.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('begin');
  await client.query('select from tasklane.profiles where user_id = $1 for update', [userId]);
  return { release: () => client.end() };
}

/** How many connections to this database wait for a lock. */
export async function waitingForLocks(url: string): Promise<number> {
  const [row] = await query<{ count: number }>(
    url,
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return row?.count ?? 0;
}
