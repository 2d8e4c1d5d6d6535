/** `tasklane doctor`: checks the database of a deployment and reports each problem. It only reads. */
import type { DatabaseConfig } from '../config';
import { inspectAccounts } from '../platform/database/accounts';
import { isRenewing } from '../platform/database/installation';
import { migrationStatus } from '../platform/database/migrations';
import { schema } from '../platform/database/rows';
import { findTransactionPooler } from '../platform/database/transaction-pooler';
import { readArguments } from './arguments';
import { type DatabaseUrls, describeLink, openService, reading, runScript, withDatabase } from './database';

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
  /** Whether objects that the login creates without a schema are created among Tasklane's tables. */
  createsInSchema: boolean;
}

/** Checks the version, the login, the roles and the state of the database, as the service sees them. */
async function examineService(config: DatabaseConfig, { service }: DatabaseUrls): Promise<Finding[]> {
  const database = openService(config, service);
  try {
    const { rows } = await reading(service, (transaction) =>
      transaction.raw(
        `select split_part(current_setting('server_version'), ' ', 1) as version,
           current_setting('server_version_num')::int >= 150000 as supported, session_user as login,
           coalesce(current_schema() = ?, false) as "createsInSchema"`,
        [schema],
      ),
    );
    const [row]: Login[] = rows;
    if (!row) throw new Error('Postgres returned no row about the login role.');
    const problem = await database.problem();
    const renewing = problem === null && (await isRenewing(database.withSystem));
    return [
      row.supported
        ? fine(`Postgres ${row.version}.`)
        : wrong(`Postgres ${row.version} is too old: version 15 or later is required.`),
      problem === null
        ? fine(
            `The service logs in as ${row.login} and uses the roles ${config.databaseAppRole} and ${config.databaseSystemRole}.`,
          )
        : wrong(problem),
      ...(renewing ? [wrong('The renewal of the lanes has not finished: run npm run restored.')] : []),
      ...(row.createsInSchema
        ? [
            wrong(
              `Tables that ${row.login} creates without a schema are created in ${schema}, also those of Better Auth. ` +
                `To correct this, run: alter role ${row.login} set search_path to public;`,
            ),
          ]
        : []),
    ];
  } finally {
    await database.close();
  }
}

/** Checks the migrations and the account link. */
function examineSchema(config: DatabaseConfig, { direct }: DatabaseUrls): Promise<Finding[]> {
  return reading(direct, async (transaction) => {
    const { applied, pending, unknown } = await migrationStatus(transaction);
    // The service itself names them.
    if (pending.length > 0) return [wrong(`${pending.length} migrations are pending: run npm run migrate.`)];
    const link = await inspectAccounts(transaction, config.accounts).then(
      (found) => (found.state === 'outdated' ? wrong : fine)(describeLink(found)),
      (error: Error) => wrong(error.message),
    );
    return [
      fine(`All ${applied.length - unknown.length} migrations are applied.`),
      ...(unknown.length > 0
        ? [fine(`Migrations of a later version are applied too: ${unknown.join(', ')}.`)]
        : []),
      link,
    ];
  });
}

/** Checks whether the service and the migrations connect to Postgres directly. */
async function examineConnections({ service, direct }: DatabaseUrls): Promise<Finding[]> {
  const pooler = await findTransactionPooler(direct);
  const way = (reason: string | null) =>
    reason === null ? 'directly' : `through a pooler in transaction mode (${reason})`;
  if (service === direct) {
    const text = `The service and the migrations connect ${way(pooler)}`;
    return [
      pooler === null
        ? fine(`${text}.`)
        : wrong(`${text}, which migrations cannot use: set DATABASE_DIRECT_URL.`),
    ];
  }
  return [
    fine(`The service connects ${way(await findTransactionPooler(service))}.`),
    pooler === null
      ? fine('Migrations connect directly.')
      : wrong(`Migrations would connect ${way(pooler)}, which they cannot use: correct DATABASE_DIRECT_URL.`),
  ];
}

/** Runs all checks on a deployment. */
export async function examine(config: DatabaseConfig, urls: DatabaseUrls): Promise<Finding[]> {
  return [
    ...(await examineConnections(urls)),
    ...(await examineSchema(config, urls)),
    ...(await examineService(config, urls)),
  ];
}

readArguments('doctor');
runScript(async (config) => {
  const findings = await withDatabase(config, (urls) => examine(config, urls));
  process.exitCode = findings.every((each) => each.fine) ? 0 : 1;
  return findings.map((each) => `${each.fine ? 'ok' : '!!'}  ${each.text}\n`).join('');
});
