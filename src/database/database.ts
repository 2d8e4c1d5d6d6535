import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { isUnavailable } from './faults';
import { createLanes, type UserScope } from './lane';
import { migrationStatus } from './migrations';
import { createPool, type PoolOptions } from './pool';

export interface DatabaseOptions extends PoolOptions {
  readonly preparedStatements: boolean;
}

/** What the service does with its database. */
export interface Database {
  /** Opens a user's lane; `userId` must be the verified caller's. */
  withUser(userId: string): UserScope;
  /** Why the database can't be worked with for now, or null if it can. */
  problem(): Promise<string | null>;
  close(): Promise<void>;
}

async function findProblem(pool: Knex): Promise<string | null> {
  try {
    const { pending } = await migrationStatus(pool);
    return pending.length > 0 ? `Migrations are missing: ${pending.join(', ')}.` : null;
  } catch (error) {
    if (isUnavailable(error)) return 'The database is out of reach.';
    throw error;
  }
}

/** Makes the service's access to Postgres; nothing is connected before it is needed. */
export function createDatabase(options: DatabaseOptions, log: Logger): Database {
  const pool = createPool(options, log);
  const { withUser } = createLanes(pool, options);
  return {
    withUser,
    problem: () => findProblem(pool),
    close: () => pool.destroy(),
  };
}
