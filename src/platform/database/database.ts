import type { Logger } from 'pino';
import { isReadOnly, isRefused, isUnavailable } from './errors';
import { createRestoreWatch } from './installation';
import type { LaneForJob, UserScope, WithUser } from './lane';
import { createLanes, type LaneOptions } from './lane-runner';
import { migrationStatus } from './migrations';
import { describeOutOfReach } from './out-of-reach';
import { createPool, type Pool, type PoolOptions, StaleConnection } from './pool';
import { platformOwner } from './shares';
import { createSystem, type SystemOptions, type WithSystem } from './system';
import { createTrigramLookUp } from './trigrams';

export type DatabaseOptions = PoolOptions & LaneOptions & SystemOptions;

/** What the service does with its database. */
export interface Database {
  /** Opens a user's lane; `userId` must be the verified caller's. */
  readonly withUser: WithUser;
  /** Opens a transaction across lanes, for jobs; out of handlers' reach. */
  readonly withSystem: WithSystem;
  /** The same for short reads that requests wait for. */
  readonly withSystemForRequests: WithSystem;
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

// A replica, or a database that was made read-only; of this very connection, for it may lead elsewhere than others.
const findReadOnly = `select pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool as read_only`;

async function findProblem(
  pool: Pool,
  nobodysLane: UserScope,
  withSystem: WithSystem,
  findRestore: () => Promise<string | null>,
): Promise<string | null> {
  try {
    const { pending } = await migrationStatus(pool.knex);
    if (pending.length > 0) return `Migrations are missing: ${pending.join(', ')}.`;
    await nobodysLane.read(async (lane) => lane.rows('tasks').limit(0));
    await withSystem.read(async (system) => system.rows('profiles').select('user_id').limit(0));
    await refuseReadOnly(pool);
    return await findRestore();
  } catch (error) {
    if (isReadOnly(error)) return 'The database is read-only: reads are answered, writes are not.';
    if (isUnavailable(error)) return describeOutOfReach(error);
    if (isRefused(error)) return 'A database role or its grants are missing: migrating sets them up.';
    throw error;
  }
}

/** Runs a statement outside of all lanes; `check` may refuse its result with an error of Postgres. */
async function lookUp(
  pool: Pool,
  text: string,
  values: readonly unknown[],
  check: (rows: Record<string, unknown>[]) => void = () => undefined,
) {
  for (let attempt = 1; ; attempt++) {
    const { connection, classifyError, release } = await pool.acquire(platformOwner);
    try {
      const result = await connection.query(text, [...values]);
      check(result.rows);
      return result;
    } catch (error) {
      const classified = classifyError(error);
      if (!(classified instanceof StaleConnection) || attempt === 2) throw error;
    } finally {
      release();
    }
  }
}

/** Rejects as a write would where the database is read-only, so that the connection is replaced as after one. */
async function refuseReadOnly(pool: Pool): Promise<void> {
  await lookUp(pool, findReadOnly, [], ([row]) => {
    if (row?.read_only) throw Object.assign(new Error('The database is read-only.'), { code: '25006' });
  });
}

/** Makes the service's access to Postgres; nothing is connected before it is needed. */
export function createDatabase(options: DatabaseOptions, log: Logger): Database {
  const pool = createPool(options, log);
  const { withUser, laneForJob } = createLanes(pool, options);
  const withSystem = createSystem(pool, options);
  const withSystemForRequests = createSystem(pool, options, platformOwner);
  const findRestore = createRestoreWatch(withSystemForRequests);
  return {
    withUser,
    withSystem,
    withSystemForRequests,
    laneForJob,
    lookUp: (text, values) => lookUp(pool, text, values),
    trigramSchema: createTrigramLookUp((text, values) => lookUp(pool, text, values), options.appRole),
    problem: () => findProblem(pool, withUser(nobody), withSystemForRequests, findRestore),
    close: () => pool.close(),
  };
}
