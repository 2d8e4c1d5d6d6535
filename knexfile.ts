/** For Knex's own command line; `npm run migrate` also takes a lock and sets up the role that lanes run as. */
import type { Knex } from 'knex';
import { parseDatabaseConfig } from './src/config';
import { connectionProvider } from './src/platform/database/connection';
import { migratorConfig } from './src/platform/database/migrations';

const { databaseDirectUrl, databaseUrl } = parseDatabaseConfig(process.env);

const config: Knex.Config = {
  client: 'pg',
  connection: connectionProvider(databaseDirectUrl ?? databaseUrl ?? ''),
  pool: { min: 0, max: 2 },
  migrations: migratorConfig,
};

export default config;
