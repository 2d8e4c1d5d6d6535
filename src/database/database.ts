import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { isRefused, isUnavailable } from './faults';
import { createRestoreWatch } from './installation';
import { createLanes, type LaneForJob, type LaneOptions, type UserScope, type WithUser } from './lane';
import { migrationStatus } from './migrations';
import { createPool, type PoolOptions } from './pool';
import { createSystem, type SystemOptions, type WithSystem } from './system';
import type { Connection } from './transaction';
import { createTrigramLookUp } from './trigrams';

export type DatabaseOptions = PoolOptions & LaneOptions & SystemOptions;

/** What the service does with its database. */
export interface Database {
  /** Opens a user's lane; `userId` must be the verified caller's. */
  readonly withUser: WithUser;
  /** Opens a transaction across lanes, for jobs; out of handlers' reach. */
  readonly withSystem: WithSystem;
  /** A lane for a job to write into; out of handlers' reach. */
  laneForJob(userId: string): LaneForJob;
  /** Runs a statement of the platform's own, as the login role and outside all lanes; out of handlers' reach. */
  lookUp(text: string, values: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  /** The schema of pg_trgm, null where lanes can't use it. */
  trigramSchema(): Promise<string | null>;
  /** Why the database can't be worked with for now, or null if it can. */
  problem(): Promise<string | null>;
  close(): Promise<void>;
}

// A lane that can't be anyone's: what is tried in it is whether lanes open.
const nobody = '';

async function findProblem(
  pool: Knex,
  nobodysLane: UserScope,
  withSystem: WithSystem,
  findRestore: () => Promise<string | null>,
): Promise<string | null> {
  try {
    const { pending } = await migrationStatus(pool);
    if (pending.length > 0) return `Migrations are missing: ${pending.join(', ')}.`;
    await nobodysLane.read(async (lane) => lane.rows('tasks').limit(0));
    await withSystem.read(async (system) => system.rows('profiles').select('user_id').limit(0));
    return await findRestore();
  } catch (error) {
    if (isUnavailable(error)) return 'The database is out of reach.';
    if (isRefused(error)) return 'A database role or its grants are missing: migrating sets them up.';
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
  const { withUser, laneForJob } = createLanes(pool, options);
  const withSystem = createSystem(pool, options);
  const findRestore = createRestoreWatch(withSystem);
  return {
    withUser,
    withSystem,
    laneForJob,
    lookUp: (text, values) => lookUp(pool, text, values),
    trigramSchema: createTrigramLookUp((text, values) => lookUp(pool, text, values), options.appRole),
    problem: () => findProblem(pool, withUser(nobody), withSystem, findRestore),
    close: () => pool.destroy(),
  };
}
