/** For Knex's own command line; `npm run migrate` does the same under a lock. */
import type { Knex } from 'knex';
import { migratorConfig } from './src/database/migrations';

const config: Knex.Config = {
  client: 'pg',
  connection:
    process.env.DATABASE_DIRECT_URL ?? process.env.DATABASE_URL ?? process.env.NEON_DATABASE_URL ?? '',
  migrations: migratorConfig,
};

export default config;
