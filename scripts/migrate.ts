/** `npm run migrate`, `migrate:down [-- --all]`, `migrate:status`. */
import { ConfigError, parseConfig, readEnvironment } from '../src/config';
import { startEmbeddedPostgres } from '../src/database/embedded';
import {
  type MigrateOptions,
  migrateDown,
  migrateUp,
  migrationStatus,
  withMigrationLock,
} from '../src/database/migrations';

function list(heading: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${heading}:\n${names.map((name) => `  ${name}\n`).join('')}`;
}

const commands: Record<string, (url: string, roles: MigrateOptions) => Promise<string>> = {
  up: async (url, roles) => list('Applied', await migrateUp(url, roles)) || 'Nothing to apply.\n',
  down: async (url) =>
    list('Taken back', await migrateDown(url, { all: process.argv.includes('--all') })) ||
    'Nothing to take back.\n',
  status: (url) =>
    withMigrationLock(url, async (database) => {
      const { applied, pending, unknown } = await migrationStatus(database);
      return list('Applied', applied) + list('Pending', pending) + list('Unknown to this version', unknown);
    }),
};

async function main(): Promise<void> {
  const command = commands[process.argv[2] ?? 'up'];
  if (!command) throw new ConfigError(['The command is one of up, down, status']);
  const config = parseConfig(readEnvironment());
  const embedded =
    config.databaseUrl === null && config.databaseDirectUrl === null
      ? await startEmbeddedPostgres({ dataDir: config.dataDir })
      : null;
  const url = config.databaseDirectUrl ?? config.databaseUrl ?? (embedded?.url as string);
  const roles = { appRole: config.databaseAppRole, serviceUrl: config.databaseUrl ?? url };
  try {
    process.stdout.write(await command(url, roles));
  } finally {
    await embedded?.stop();
  }
}

main().catch((error) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error?.stack ?? error)}\n`);
  process.exit(1);
});
