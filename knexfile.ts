/** For Knex's own command line; `npm run migrate` also takes a lock and sets up the role that lanes run as. */
import type { Knex } from 'knex';
import { connectionProvider } from './src/platform/database/connection';
import { migrationPool, migratorConfig } from './src/platform/database/migrations';
import { readSecretFiles } from './src/platform/secret-files';

const { DATABASE_DIRECT_URL, DATABASE_URL, NEON_DATABASE_URL } = readSecretFiles(process.env).environment;

const config: Knex.Config = {
  client: 'pg',
  connection: connectionProvider(DATABASE_DIRECT_URL || DATABASE_URL || NEON_DATABASE_URL || ''),
  pool: migrationPool,
  migrations: migratorConfig,
};

export default config;
