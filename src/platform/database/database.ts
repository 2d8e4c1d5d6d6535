import type { Logger } from 'pino';
import { isReadOnly, isRefused, isUnavailable } from './errors';
import { createRestoreWatch } from './installation';
import type { LaneForJob, LaneKey, UserScope, WithUser } from './lane';
import { createLanes, type LaneOptions } from './lane-runner';
import { lookUp } from './look-up';
import { migrationStatus } from './migrations';
import { createPool, type LastSeen, type Pool, type PoolOptions } from './pool';
import { createReplica, type ReplicaResult, type ReplicaState } from './replica';
import { type PoolUse, platformOwner } from './shares';
import { createSystem, type SystemOptions, type WithSystem } from './system';
import { createTrigramLookUp } from './trigrams';
import { describeUnavailable } from './unavailable';

/** Why the database cannot be used. */
export interface DatabaseProblem {
  readonly reason: 'database' | 'read-only' | 'migrations' | 'roles' | 'restored';
  /** A sentence for operators. */
  readonly detail: string;
}

export type DatabaseOptions = PoolOptions &
  LaneOptions &
  SystemOptions & {
    /** The `postgres://` URL of a replica for the reads that it may answer; null if there is none. */
    readonly replicaUrl?: string | null;
    /** Called for each read that a replica may answer. */
    readonly onReplicaRead?: ((result: ReplicaResult) => void) | undefined;
  };

/** The service's access to its database. */
export interface Database {
  /** Opens a user's lane. `userId` must be the verified caller's. */
  readonly withUser: WithUser;
  /** Opens a transaction across lanes, for jobs. Handlers cannot reach it. */
  readonly withSystem: WithSystem;
  /** Like `withSystem`, for short reads that requests wait for. */
  readonly withSystemForRequests: WithSystem;
  /** Opens a lane for a job. Handlers cannot reach it. */
  laneForJob(lane: LaneKey): LaneForJob;
  /** Runs a statement of the platform as the login role, outside all lanes. Handlers cannot reach it. */
  lookUp(text: string, values: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  /** The schema of pg_trgm; null if lanes cannot use it. */
  trigramSchema(): Promise<string | null>;
  /** The use of the connection pool now. */
  poolUse(): PoolUse;
  /** What the latest requests and jobs saw. */
  lastSeen(): LastSeen;
  /** What the latest reads saw of the replica; null if there is none. */
  replica(): ReplicaState | null;
  /** Asks the replica. @returns why it cannot be used, as a part of a sentence; null if it can, or if there is none */
  findReplicaProblem(): Promise<string | null>;
  /** Why the database cannot be used for now; null if it can. */
  findProblem(): Promise<DatabaseProblem | null>;
  /** The text of that problem. */
  problem(): Promise<string | null>;
  close(): Promise<void>;
}

// No user can have this id. The health check opens this lane to test whether lanes open.
const nobody = '';

// True for a replica, or a database that was set to read-only. The query must use the connection itself, because
// another connection may lead to another server.
const findReadOnly = `select pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool as read_only`;

async function findProblem(
  pool: Pool,
  nobodysLane: UserScope,
  withSystem: WithSystem,
  findRestore: () => Promise<string | null>,
): Promise<DatabaseProblem | null> {
  try {
    const { pending } = await migrationStatus(pool.knex);
    if (pending.length > 0) {
      return { reason: 'migrations', detail: `Migrations are missing: ${pending.join(', ')}.` };
    }
    await nobodysLane.read(async (lane) => lane.rows('tasks').limit(0));
    await withSystem.read(async (system) => system.rows('profiles').select('lane_id').limit(0));
    await refuseReadOnly(pool);
    const restored = await findRestore();
    return restored === null ? null : { reason: 'restored', detail: restored };
  } catch (error) {
    if (isReadOnly(error)) {
      return { reason: 'read-only', detail: 'The database is read-only: reads work, writes fail.' };
    }
    if (isUnavailable(error)) return { reason: 'database', detail: describeUnavailable(error) };
    if (isRefused(error)) {
      return { reason: 'roles', detail: 'A database role or its grants are missing: run tasklane migrate.' };
    }
    throw error;
  }
}

/** Rejects like a write if the database is read-only, so that the pool replaces the connection. */
async function refuseReadOnly(pool: Pool): Promise<void> {
  await lookUp(pool, { text: findReadOnly }, ([row]) => {
    if (row?.read_only) throw Object.assign(new Error('The database is read-only.'), { code: '25006' });
  });
}

// A read waits at most this long for a connection to the replica, because the primary can serve it too.
const replicaWaitMs = 1_000;

/** The options of the replica's pool. The metrics are those of the primary. */
function replicaPoolOptions(options: PoolOptions, url: string): PoolOptions {
  const acquireTimeoutMs = Math.min(replicaWaitMs, options.acquireTimeoutMs);
  return { ...options, url, acquireTimeoutMs, metrics: undefined };
}

/** Makes the service's access to Postgres. It connects at first use. */
export function createDatabase(options: DatabaseOptions, log: Logger): Database {
  const pool = createPool(options, log);
  const replica = options.replicaUrl
    ? createReplica({
        pool: createPool(replicaPoolOptions(options, options.replicaUrl), log),
        primary: pool,
        log,
        onRead: options.onReplicaRead,
      })
    : null;
  const { withUser, laneForJob } = createLanes(pool, options, replica);
  const withSystem = createSystem(pool, options);
  const withSystemForRequests = createSystem(pool, options, platformOwner);
  const findRestore = createRestoreWatch(withSystemForRequests);
  const look: Database['lookUp'] = (text, values) => lookUp(pool, { text, values });
  const find = () => findProblem(pool, withUser(nobody), withSystemForRequests, findRestore);
  return {
    withUser,
    withSystem,
    withSystemForRequests,
    laneForJob,
    lookUp: look,
    trigramSchema: createTrigramLookUp(look, options.appRole),
    lastSeen: pool.lastSeen,
    findProblem: find,
    problem: async () => (await find())?.detail ?? null,
    poolUse: pool.use,
    replica: () => replica?.state() ?? null,
    findReplicaProblem: async () => (replica ? replica.findProblem() : null),
    async close() {
      await Promise.all([pool.close(), replica?.close()]);
    },
  };
}
