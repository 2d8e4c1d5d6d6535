/** `tasklane migrate`: applies, rolls back or lists the migrations, and distributes the lanes over a cluster. */
import type { DatabaseConfig } from '../config';
import { linkAccounts } from '../platform/database/accounts';
import type { Distribution } from '../platform/database/distribution';
import { withMigrationLock } from '../platform/database/migration-session';
import { distribute, migrateDown, migrateUp, migrationStatus } from '../platform/database/migrations';
import { readArguments } from './arguments';
import { type DatabaseUrls, describeLink, reading, runScript, withDatabase } from './database';

function list(heading: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${heading}:\n${names.map((name) => `  ${name}\n`).join('')}`;
}

function describeDistribution({ workers, tables }: Distribution): string {
  const done = list('Distributed', tables) || 'All tables of the lanes are distributed already.\n';
  return `${done}The lanes are on ${workers} ${workers === 1 ? 'worker' : 'workers'}.\n`;
}

const { values, positionals } = readArguments('migrate');

const notice = (text: string) => void process.stderr.write(`${text}\n`);

const actions: Record<string, (config: DatabaseConfig, urls: DatabaseUrls) => Promise<string>> = {
  async up(config, { direct, service }) {
    const options = {
      appRole: config.databaseAppRole,
      systemRole: config.databaseSystemRole,
      serviceUrl: service,
      notice,
    };
    const applied = await migrateUp(direct, options);
    const link = await withMigrationLock(direct, (session) => linkAccounts(session, config.accounts), {
      notice,
    });
    const distributed = values.distribute ? describeDistribution(await distribute(direct, options)) : '';
    return `${list('Applied', applied) || 'Nothing to apply.\n'}${describeLink(link)}\n${distributed}`;
  },
  down: async (_config, { direct }) =>
    list('Rolled back', await migrateDown(direct, { all: values.all ?? false, notice })) ||
    'Nothing to roll back.\n',
  status: (_config, { direct }) =>
    reading(direct, async (transaction) => {
      const { applied, pending, unknown } = await migrationStatus(transaction);
      return (
        list('Applied', applied) + list('Pending', pending) + list('Applied by a later version', unknown)
      );
    }),
};

const run = actions[positionals[0] ?? 'up'] as (typeof actions)[string];
runScript((config) => withDatabase(config, (urls) => run(config, urls)));
