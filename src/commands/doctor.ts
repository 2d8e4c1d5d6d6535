/**
 * `tasklane doctor [--json]`: checks the database of a deployment. It reports each problem and what to do. It only reads.
 * The status is 1 if there is a problem.
 */
import type { DatabaseConfig } from '../config';
import { inspectAccounts } from '../platform/database/accounts';
import type { DatabaseProblem } from '../platform/database/database';
import { isRenewing } from '../platform/database/installation';
import { migrationStatus, otherMigrations } from '../platform/database/migrations';
import { OtherMigrations } from '../platform/database/other-migrations';
import { schema } from '../platform/database/rows';
import { findTransactionPooler } from '../platform/database/transaction-pooler';
import { describeUnavailable, unavailableReason } from '../platform/database/unavailable';
import { readArguments } from './arguments';
import { type DatabaseUrls, describeLink, openService, reading, runScript, withDatabase } from './database';

type Check =
  | 'capacity'
  | 'connection'
  | 'version'
  | 'migrations'
  | 'accounts'
  | 'service'
  | 'replica'
  | 'renewal'
  | 'search-path';

interface Finding {
  readonly check: Check;
  readonly status: 'ok' | 'problem';
  readonly message: string;
  /** What to do; null if there is no problem. */
  readonly action: string | null;
}

const fine = (check: Check, message: string): Finding => ({ check, status: 'ok', message, action: null });
const wrong = (check: Check, message: string, action: string): Finding => ({
  check,
  status: 'problem',
  message,
  action,
});

const actions: Record<DatabaseProblem['reason'], string> = {
  database: 'Start the database, or correct DATABASE_URL: its host, login and TLS parameters.',
  'read-only': 'Point DATABASE_URL to the primary, or let the database accept writes again.',
  migrations: 'Run tasklane migrate.',
  roles: 'Run tasklane migrate with the same DATABASE_APP_ROLE and DATABASE_SYSTEM_ROLE as the service.',
  restored: 'Run tasklane restored. Read "Restores" in the page about operations first.',
};

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
    const problem = await database.findProblem();
    const replicaProblem = problem === null ? await database.findReplicaProblem() : null;
    const renewing = problem === null && (await isRenewing(database.withSystem));
    return [
      row.supported
        ? fine('version', `Postgres ${row.version}.`)
        : wrong(
            'version',
            `Postgres ${row.version} is too old: version 15 or later is required.`,
            'Upgrade Postgres, with pg_upgrade or logical replication.',
          ),
      problem === null
        ? fine(
            'service',
            `The service logs in as ${row.login} and uses the roles ${config.databaseAppRole} and ${config.databaseSystemRole}.`,
          )
        : wrong('service', problem.detail, actions[problem.reason]),
      ...(config.databaseReplicaUrl === null || problem !== null
        ? []
        : [
            replicaProblem === null
              ? fine('replica', 'The replica has replayed what the primary had written.')
              : wrong(
                  'replica',
                  `The replica cannot be used: ${replicaProblem}.`,
                  'Correct DATABASE_REPLICA_URL, or repair the replication. Until then, the primary answers all reads.',
                ),
          ]),
      ...(renewing
        ? [
            wrong(
              'renewal',
              'The renewal of the lanes has not finished.',
              'Run tasklane restored: it continues.',
            ),
          ]
        : []),
      ...(row.createsInSchema
        ? [
            wrong(
              'search-path',
              `Tables that ${row.login} creates without a schema are created in ${schema}, also those of Better Auth.`,
              `Run this statement: alter role ${row.login} set search_path to public;`,
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
    const others = await otherMigrations(transaction);
    if (others.length > 0) {
      const [finding, ...action] = new OtherMigrations(others).message.split('\n');
      return [wrong('migrations', finding as string, action.join(' '))];
    }
    const { applied, pending, unknown } = await migrationStatus(transaction);
    // The service itself names them.
    if (pending.length > 0) {
      return [wrong('migrations', `${pending.length} migrations are pending.`, actions.migrations)];
    }
    const link = await inspectAccounts(transaction, config.accounts).then(
      (found) =>
        found.state === 'outdated'
          ? wrong('accounts', describeLink(found), actions.migrations)
          : fine('accounts', describeLink(found)),
      (error: Error) =>
        wrong('accounts', error.message, 'Correct AUTH_USER_TABLE and AUTH_SCHEMA, or the table of users.'),
    );
    return [
      fine('migrations', `All ${applied.length - unknown.length} migrations are applied.`),
      ...(unknown.length > 0
        ? [fine('migrations', `Migrations of a later version are applied too: ${unknown.join(', ')}.`)]
        : []),
      link,
    ];
  });
}

/** Checks whether Postgres accepts as many connections as the processes of this instance can open. */
async function examineCapacity(config: DatabaseConfig, { service }: DatabaseUrls): Promise<Finding> {
  const { rows } = await reading(service, (transaction) =>
    transaction.raw(
      `select least(
         current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true), '0')::int,
         (select nullif(rolconnlimit, -1) from pg_roles where rolname = session_user),
         (select nullif(datconnlimit, -1) from pg_database where datname = current_database())) as most`,
    ),
  );
  const { most }: { most: number } = rows[0];
  const { processes, databasePoolMax } = config;
  const needed = processes * databasePoolMax;
  const text = `This instance opens at most ${needed} connections (WEB_CONCURRENCY ${processes} × DATABASE_POOL_MAX ${databasePoolMax})`;
  return needed <= most
    ? fine('capacity', `${text}. The database accepts ${most} from all its clients.`)
    : wrong(
        'capacity',
        `${text}, but the database accepts ${most} from all its clients.`,
        'Lower DATABASE_POOL_MAX, raise max_connections or the limit of the role or database, or use a pooler.',
      );
}

/** Checks whether the service and the migrations connect to Postgres directly. */
async function examineConnections(
  { service, direct }: DatabaseUrls,
  servicePooler: string | null,
): Promise<Finding[]> {
  const way = (reason: string | null) =>
    reason === null ? 'directly' : `through a pooler in transaction mode (${reason})`;
  if (service === direct) {
    const text = `The service and the migrations connect ${way(servicePooler)}`;
    return [
      servicePooler === null
        ? fine('connection', `${text}.`)
        : wrong(
            'connection',
            `${text}, which migrations cannot use.`,
            'Set DATABASE_DIRECT_URL to the address of Postgres itself.',
          ),
    ];
  }
  const pooler = await findTransactionPooler(direct);
  return [
    fine('connection', `The service connects ${way(servicePooler)}.`),
    pooler === null
      ? fine('connection', 'Migrations connect directly.')
      : wrong(
          'connection',
          `Migrations would connect ${way(pooler)}, which they cannot use.`,
          'Set DATABASE_DIRECT_URL to the address of Postgres itself, not of a pooler.',
        ),
  ];
}

/** Runs all checks on a deployment. */
async function examine(config: DatabaseConfig, urls: DatabaseUrls): Promise<Finding[]> {
  const servicePooler = await findTransactionPooler(urls.service);
  return [
    ...(await examineConnections(urls, servicePooler)),
    // The connections to a pooler are not those to Postgres.
    ...(servicePooler === null ? [await examineCapacity(config, urls)] : []),
    ...(await examineSchema(config, urls)),
    ...(await examineService(config, urls)),
  ];
}

/** The findings; if the database is not available, that is the only one. */
async function examineOrExplain(config: DatabaseConfig): Promise<Finding[]> {
  try {
    return await withDatabase(config, (urls) => examine(config, urls));
  } catch (error) {
    if (unavailableReason(error) === null) throw error;
    return [wrong('connection', describeUnavailable(error), actions.database)];
  }
}

function textOf({ status, message, action }: Finding): string {
  return status === 'ok' ? `ok  ${message}\n` : `!!  ${message}\n    ${action}\n`;
}

const { values } = readArguments('doctor');
runScript(async (config) => {
  const findings = await examineOrExplain(config);
  process.exitCode = findings.every(({ status }) => status === 'ok') ? 0 : 1;
  return values.json ? `${JSON.stringify({ findings }, null, 2)}\n` : findings.map(textOf).join('');
});
