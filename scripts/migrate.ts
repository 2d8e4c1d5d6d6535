/** `npm run migrate`, `migrate:down [-- --all]`, `migrate:status`. */
import { type Config, ConfigError, parseConfig, readEnvironment } from '../src/config';
import { linkAccounts } from '../src/platform/database/accounts';
import {
  migrateDown,
  migrateUp,
  migrationStatus,
  withMigrationLock,
} from '../src/platform/database/migrations';
import { type DatabaseUrls, describeFailure, describeLink, withDatabase } from './database';

function list(heading: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${heading}:\n${names.map((name) => `  ${name}\n`).join('')}`;
}

const commands: Record<string, (config: Config, urls: DatabaseUrls) => Promise<string>> = {
  async up(config, urls) {
    const roles = {
      appRole: config.databaseAppRole,
      systemRole: config.databaseSystemRole,
      serviceUrl: urls.service,
      notice: (text: string) => process.stderr.write(`${text}\n`),
    };
    const applied = await migrateUp(urls.direct, roles);
    const link = await withMigrationLock(urls.direct, (database) => linkAccounts(database, config.accounts));
    return `${list('Applied', applied) || 'Nothing to apply.\n'}${describeLink(link)}\n`;
  },
  down: async (_config, { direct }) =>
    list('Taken back', await migrateDown(direct, { all: process.argv.includes('--all') })) ||
    'Nothing to take back.\n',
  status: (_config, { direct }) =>
    withMigrationLock(direct, async (database) => {
      const { applied, pending, unknown } = await migrationStatus(database);
      return list('Applied', applied) + list('Pending', pending) + list('Unknown to this version', unknown);
    }),
};

async function main(): Promise<void> {
  const command = commands[process.argv[2] ?? 'up'];
  if (!command) throw new ConfigError(['The command is one of up, down, status']);
  const config = parseConfig(readEnvironment());
  process.stdout.write(await withDatabase(config, (urls) => command(config, urls)));
}

main().catch((error) => {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
});
