import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { isRefused, isUnavailable } from './faults';
import { createLanes, type LaneOptions, type UserScope, type WithUser } from './lane';
import { migrationStatus } from './migrations';
import { createPool, type PoolOptions } from './pool';
import type { Connection } from './transaction';

export type DatabaseOptions = PoolOptions & LaneOptions;

/** What the service does with its database. */
export interface Database {
  /** Opens a user's lane; `userId` must be the verified caller's. */
  readonly withUser: WithUser;
  /** Runs a statement of the platform's own, as the login role and outside all lanes; out of handlers' reach. */
  lookUp(text: string, values: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  /** Why the database can't be worked with for now, or null if it can. */
  problem(): Promise<string | null>;
  close(): Promise<void>;
}

// A lane that can't be anyone's: what is tried in it is whether lanes open.
const nobody = '';

async function findProblem(pool: Knex, nobodysLane: UserScope): Promise<string | null> {
  try {
    const { pending } = await migrationStatus(pool);
    if (pending.length > 0) return `Migrations are missing: ${pending.join(', ')}.`;
    await nobodysLane.read(async (lane) => lane.rows('tasks').limit(0));
    return null;
  } catch (error) {
    if (isUnavailable(error)) return 'The database is out of reach.';
    if (isRefused(error)) return 'The database role or its grants are missing: migrating sets them up.';
    throw error;
  }
}

async function lookUp(pool: Knex, text: string, values: readonly unknown[]) {
  const connection: Connection = await pool.client.acquireConnection();
  try {
    return await connection.query(text, [...values]);
  } finally {
    await pool.client.releaseConnection(connection);
  }
}

/** Makes the service's access to Postgres; nothing is connected before it is needed. */
export function createDatabase(options: DatabaseOptions, log: Logger): Database {
  const pool = createPool(options, log);
  const { withUser } = createLanes(pool, options);
  return {
    withUser,
    lookUp: (text, values) => lookUp(pool, text, values),
    problem: () => findProblem(pool, withUser(nobody)),
    close: () => pool.destroy(),
  };
}
