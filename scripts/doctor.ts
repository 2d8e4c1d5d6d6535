/** `npm run doctor`: looks a deployment's database over, links lanes to accounts, and says what is wrong. */
import knex from 'knex';
import pino from 'pino';
import { type Config, parseConfig, readEnvironment } from '../src/config';
import { linkAccounts } from '../src/platform/database/accounts';
import { connectionProvider } from '../src/platform/database/connection';
import { createDatabase } from '../src/platform/database/database';
import { migrationStatus, withMigrationLock } from '../src/platform/database/migrations';
import { schema } from '../src/platform/database/rows';
import { type DatabaseUrls, describeFailure, describeLink, withDatabase } from './database';

interface Finding {
  readonly fine: boolean;
  readonly text: string;
}

const fine = (text: string): Finding => ({ fine: true, text });
const wrong = (text: string): Finding => ({ fine: false, text });

interface Login {
  version: string;
  supported: boolean;
  login: string;
  /** Whether what the login makes without naming a schema lands among Tasklane's tables. */
  lost: boolean;
}

/** How the service finds its database. */
async function examineService(config: Config, { service }: DatabaseUrls): Promise<Finding[]> {
  const login = knex({ client: 'pg', connection: connectionProvider(service), pool: { min: 0, max: 1 } });
  const database = createDatabase(
    {
      url: service,
      max: 1,
      acquireTimeoutMs: config.databaseAcquireTimeoutMs,
      statementTimeoutMs: config.databaseStatementTimeoutMs,
      preparedStatements: config.databasePreparedStatements,
      appRole: config.databaseAppRole,
      systemRole: config.databaseSystemRole,
    },
    pino({ level: 'silent' }),
  );
  try {
    const [row]: Login[] = (
      await login.raw(
        `select split_part(current_setting('server_version'), ' ', 1) as version,
           current_setting('server_version_num')::int >= 150000 as supported, session_user as login,
           coalesce(current_schema() = ?, false) as lost`,
        [schema],
      )
    ).rows;
    if (!row) throw new Error('Postgres does not say who is logged in.');
    const problem = await database.problem();
    return [
      row.supported
        ? fine(`Postgres ${row.version}.`)
        : wrong(`Postgres ${row.version} is too old: it takes 15.`),
      problem === null
        ? fine(
            `The service logs in as ${row.login} and works as ${config.databaseAppRole} and ${config.databaseSystemRole}.`,
          )
        : wrong(problem),
      ...(row.lost
        ? [
            wrong(
              `What ${row.login} makes without naming a schema lands in ${schema}, Better Auth's tables among it. ` +
                `Put that right: alter role ${row.login} set search_path to public;`,
            ),
          ]
        : []),
    ];
  } finally {
    await database.close();
    await login.destroy();
  }
}

/** What migrating has done, and the link to accounts, which is made where it can be. */
function examineSchema(config: Config, { direct }: DatabaseUrls): Promise<Finding[]> {
  return withMigrationLock(direct, async (database) => {
    const { applied, pending, unknown } = await migrationStatus(database);
    // Which ones, the service says.
    if (pending.length > 0)
      return [wrong(`${pending.length} migrations are to be applied: npm run migrate.`)];
    const link = await linkAccounts(database, config.accounts).then(
      (found) => (found.state === 'linked' && found.orphans > 0 ? wrong : fine)(describeLink(found)),
      (error: Error) => wrong(error.message),
    );
    return [
      fine(`All ${applied.length - unknown.length} migrations are applied.`),
      ...(unknown.length > 0 ? [fine(`A later version has migrated too: ${unknown.join(', ')}.`)] : []),
      link,
    ];
  });
}

/** Looks a deployment over. */
export async function examine(config: Config, urls: DatabaseUrls): Promise<Finding[]> {
  return [...(await examineSchema(config, urls)), ...(await examineService(config, urls))];
}

async function main(): Promise<void> {
  const config = parseConfig(readEnvironment());
  const findings = await withDatabase(config, (urls) => examine(config, urls));
  for (const each of findings) process.stdout.write(`${each.fine ? 'ok' : '!!'}  ${each.text}\n`);
  process.exitCode = findings.every((each) => each.fine) ? 0 : 1;
}

main().catch((error) => {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
});
