/** `npm run migrate`, `migrate:down [-- --all]`, `migrate:status`. */
import { ConfigError, parseConfig, readEnvironment } from '../src/config';
import { startEmbeddedPostgres } from '../src/database/embedded';
import { migrateDown, migrateUp, migrationStatus, withMigrationLock } from '../src/database/migrations';

function list(heading: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${heading}:\n${names.map((name) => `  ${name}\n`).join('')}`;
}

const commands: Record<string, (url: string) => Promise<string>> = {
  up: async (url) => list('Applied', await migrateUp(url)) || 'Nothing to apply.\n',
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
  const configured = config.databaseDirectUrl ?? config.databaseUrl;
  const embedded = configured === null ? await startEmbeddedPostgres({ dataDir: config.dataDir }) : null;
  try {
    process.stdout.write(await command(configured ?? (embedded?.url as string)));
  } finally {
    await embedded?.stop();
  }
}

main().catch((error) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error?.stack ?? error)}\n`);
  process.exit(1);
});
