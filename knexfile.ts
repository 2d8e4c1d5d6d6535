/** For Knex's own command line; `npm run migrate` also takes a lock and sets up the role that lanes run as. */
import type { Knex } from 'knex';
import { migratorConfig } from './src/database/migrations';

const config: Knex.Config = {
  client: 'pg',
  connection:
    process.env.DATABASE_DIRECT_URL ?? process.env.DATABASE_URL ?? process.env.NEON_DATABASE_URL ?? '',
  pool: { min: 0, max: 2 },
  migrations: migratorConfig,
};

export default config;
