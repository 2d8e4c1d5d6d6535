/** `npm run migrate`, `migrate:down [-- --all]`, `migrate:status`. */
import { ConfigError, type DatabaseConfig } from '../src/config';
import { linkAccounts } from '../src/platform/database/accounts';
import { withMigrationLock } from '../src/platform/database/migration-session';
import { migrateDown, migrateUp, migrationStatus } from '../src/platform/database/migrations';
import { type DatabaseUrls, describeLink, reading, runScript, withDatabase } from './database';

function list(heading: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${heading}:\n${names.map((name) => `  ${name}\n`).join('')}`;
}

const notice = (text: string) => void process.stderr.write(`${text}\n`);

const commands: Record<string, (config: DatabaseConfig, urls: DatabaseUrls) => Promise<string>> = {
  async up(config, { direct, service }) {
    const applied = await migrateUp(direct, {
      appRole: config.databaseAppRole,
      systemRole: config.databaseSystemRole,
      serviceUrl: service,
      notice,
    });
    const link = await withMigrationLock(direct, (session) => linkAccounts(session, config.accounts), {
      notice,
    });
    return `${list('Applied', applied) || 'Nothing to apply.\n'}${describeLink(link)}\n`;
  },
  down: async (_config, { direct }) =>
    list('Rolled back', await migrateDown(direct, { all: process.argv.includes('--all'), notice })) ||
    'Nothing to roll back.\n',
  status: (_config, { direct }) =>
    reading(direct, async (transaction) => {
      const { applied, pending, unknown } = await migrationStatus(transaction);
      return (
        list('Applied', applied) + list('Pending', pending) + list('Applied by a later version', unknown)
      );
    }),
};

runScript(async (config) => {
  const command = commands[process.argv[2] ?? 'up'];
  if (!command) throw new ConfigError(['The command must be up, down or status.']);
  return withDatabase(config, (urls) => command(config, urls));
});
