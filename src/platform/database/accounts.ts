/**
 * Account links: foreign keys from lanes to Better Auth's user table, if it is in the same database. A lane is erased
 * with its account, and new lanes need an account. The link depends on a table that is not ours and on the type of
 * its ids, so it is not a migration. `tasklane migrate` updates it, and `tasklane doctor` checks it.
 */
import type { Knex } from 'knex';
import { escapeIdentifier } from 'pg';
import { isOnCoordinatorOnly } from './distribution';
import { insufficientPrivilege, SetupError, sqlState, violatedConstraint } from './errors';
import type { MigrationSession } from './migration-session';
import { schema } from './rows';

/** Whether to link lanes, and to which table. */
export interface AccountSettings {
  /** `auto`: link if the table exists and is Better Auth's. `required`: fail if it does not. */
  readonly link: 'auto' | 'off' | 'required';
  readonly schema: string;
  readonly table: string;
}

/** The state of the account link. */
export type AccountLink =
  | { readonly state: 'off' }
  /** With `auto`: there is no link, for this reason. */
  | { readonly state: 'unlinked'; readonly reason: string }
  /** The link does not match the settings and the table, or is not validated. Migrating fixes it. */
  | { readonly state: 'outdated'; readonly reason: string }
  | {
      readonly state: 'linked';
      /** The table's name, quoted for SQL. */
      readonly table: string;
      readonly idType: string;
      /** The number of lanes without an account. They stay, but new ones are impossible. */
      readonly orphans: number;
      /** The user ids of some of these lanes. */
      readonly examples: readonly string[];
    };

const lanes = `${schema}.lanes`;
const reference = 'lanes_account';
const canonical = 'lanes_account_id_canonical';

function wholeNumber(type: string, most: string): string {
  // Nested, because Postgres may evaluate the parts of a condition in any order.
  return `case when user_id ~ '^(0|[1-9][0-9]{0,18})$' then
    case when user_id::numeric <= ${most} then user_id::${type} end end`;
}

/**
 * For each type of account id, the SQL expression that converts a lane's user id; null for text, which needs none.
 * The result is null if the user id is not spelled as Postgres writes the value: otherwise `A…` and `a…`, or `1` and
 * `01`, would be two lanes of one account.
 */
const accountIds: ReadonlyMap<string, string | null> = new Map([
  ['text', null],
  ['character varying', null],
  ['uuid', `case when user_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then user_id::uuid end`],
  ['smallint', wholeNumber('smallint', '32767')],
  ['integer', wholeNumber('integer', '2147483647')],
  ['bigint', wholeNumber('bigint', '9223372036854775807')],
]);

interface AccountTable {
  readonly oid: number;
  readonly name: string;
  readonly idType: string;
  /** Whether the ids have a unique index, so that a foreign key can refer to them. */
  readonly isKey: boolean;
  /** Whether it has the columns of Better Auth's user table. */
  readonly looksRight: boolean;
}

async function findTable(database: Knex, settings: AccountSettings): Promise<AccountTable | undefined> {
  const { rows } = await database.raw(
    `select pg_class.oid::int8::text as oid, format('%I.%I', nspname, relname) as name,
       format_type(id.atttypid, null) as "idType",
       exists (
         select from pg_index where indrelid = pg_class.oid and indisunique and indpred is null and indkey::text = id.attnum::text
       ) as "isKey",
       (select count(*) from pg_attribute where attrelid = pg_class.oid and not attisdropped
         and attname in ('email', 'emailVerified', 'email_verified')) = 2 as "looksRight"
     from pg_class
       join pg_namespace on pg_namespace.oid = relnamespace
       join pg_attribute as id on attrelid = pg_class.oid and attname = 'id' and not attisdropped
     where nspname = ? and relname = ? and relkind in ('r', 'p')`,
    [settings.schema, settings.table],
  );
  return rows[0] && { ...rows[0], oid: Number(rows[0].oid) };
}

/** Why the table cannot be linked; null if it can. */
async function findObstacle(
  database: Knex,
  settings: AccountSettings,
  table: AccountTable | undefined,
): Promise<string | null> {
  const name = `${escapeIdentifier(settings.schema)}.${escapeIdentifier(settings.table)}`;
  if (!table) return `there is no table ${name} with a column id`;
  if (settings.link === 'auto' && !table.looksRight) return `${name} is not Better Auth's table of users`;
  if (!accountIds.has(table.idType)) return `the ids of ${name} are of type ${table.idType}`;
  if (!table.isKey) return `the column id of ${name} has no unique index`;
  if (await isOnCoordinatorOnly(database, table.oid))
    return `lanes are distributed, and ${name} is not a reference table`;
  return null;
}

interface ExistingLink {
  /** The table that the foreign key refers to; null if there is none (any more). */
  readonly oid: number | null;
  readonly validated: boolean;
  /** The type of the column `account_id`; null if there is none. */
  readonly columnType: string | null;
}

async function findLink(database: Knex): Promise<ExistingLink> {
  const { rows } = await database.raw(
    `select confrelid::int8::text as oid, coalesce(convalidated, false) as validated,
       (select format_type(atttypid, null) from pg_attribute
        where attrelid = relation.oid and attname = 'account_id' and not attisdropped) as "columnType"
     from (select ?::regclass::oid as oid) as relation
       left join pg_constraint on conrelid = relation.oid and conname = ?`,
    [lanes, reference],
  );
  return { ...rows[0], oid: rows[0].oid === null ? null : Number(rows[0].oid) };
}

/** Whether the link needs the column `account_id`. */
function needsColumn(table: AccountTable): boolean {
  return accountIds.get(table.idType) !== null;
}

function isCurrent(existing: ExistingLink, table: AccountTable | null): boolean {
  if (!table) return existing.oid === null && existing.columnType === null;
  return existing.oid === table.oid && existing.columnType === (needsColumn(table) ? table.idType : null);
}

async function replaceLink(database: Knex, table: AccountTable | null): Promise<void> {
  // Dropping the column also drops its check and index.
  await database.raw(
    `alter table ${lanes} drop constraint if exists ${reference}, drop column if exists account_id`,
  );
  if (!table) return;
  const expression = accountIds.get(table.idType);
  if (expression) {
    // Citus refuses a statement that adds a column and a constraint.
    await database.raw(
      `alter table ${lanes} add account_id ${table.idType} generated always as (${expression}) stored`,
    );
    await database.raw(
      `alter table ${lanes} add constraint ${canonical} check (account_id is not null) not valid`,
    );
    await database.raw(`create unique index lanes_account_id on ${lanes} (account_id)`);
  }
  await database.raw(
    `alter table ${lanes} add constraint ${reference} foreign key (${expression ? 'account_id' : 'user_id'})
       references ${table.name} (id) on delete cascade not valid`,
  );
}

interface Orphans {
  readonly orphans: number;
  readonly examples: readonly string[];
}

/**
 * Runs `work` while row-level security does not apply to the tables' owner. Switching it off and on needs the strongest
 * lock of a table, and `work` may take long, so both are separate transactions. Lanes stay protected, because their
 * role does not own the tables.
 */
async function withoutRowSecurity<T>(
  { change }: Pick<MigrationSession, 'change'>,
  work: () => Promise<T>,
): Promise<T> {
  const force = (how: 'force' | 'no force') =>
    change('Checking which lanes have an account', (transaction) =>
      transaction.raw(`alter table ${lanes} ${how} row level security`),
    );
  await force('no force');
  try {
    return await work();
  } finally {
    await force('force');
  }
}

/** Counts the lanes without an account, and validates the link if there are none. */
function validateLink(session: MigrationSession, table: AccountTable): Promise<Orphans> {
  const key = needsColumn(table) ? 'account_id' : 'user_id';
  return withoutRowSecurity(session, () =>
    session.change('Validating the link to accounts', async (transaction) => {
      const { rows } = await transaction.raw(
        `select count(*)::int as orphans, coalesce((array_agg(user_id order by user_id))[:5], '{}') as examples
         from ${lanes} where not exists (select from ${table.name} as account where account.id = ${key})`,
      );
      const found: Orphans = rows[0];
      if (found.orphans === 0) {
        const constraints = needsColumn(table) ? [canonical, reference] : [reference];
        for (const name of constraints) {
          await transaction.raw(`alter table ${lanes} validate constraint ${name}`);
        }
      }
      return found;
    }),
  );
}

/** The wanted and the existing link. */
interface LinkState {
  /** The table to link to; null for none. */
  readonly table: AccountTable | null;
  /** Why there is none. */
  readonly reason: string | null;
  /** Whether the existing link matches the table. */
  readonly current: boolean;
  readonly validated: boolean;
  /** Whether row-level security applies to the tables' owner. A killed run may have left it off. */
  readonly forced: boolean;
}

/** @throws SetupError if the table is required and cannot be linked */
async function readLinkState(database: Knex, settings: AccountSettings): Promise<LinkState> {
  const found = settings.link === 'off' ? undefined : await findTable(database, settings);
  const reason = settings.link === 'off' ? 'off' : await findObstacle(database, settings, found);
  if (reason !== null && settings.link === 'required') {
    throw new SetupError(`AUTH_USER_TABLE: lanes cannot be linked to accounts, because ${reason}.`);
  }
  const table = reason === null && found ? found : null;
  const existing = await findLink(database);
  const { rows } = await database.raw(
    'select relforcerowsecurity as forced from pg_class where oid = ?::regclass',
    [lanes],
  );
  return {
    table,
    reason,
    current: isCurrent(existing, table),
    validated: existing.validated,
    forced: rows[0].forced,
  };
}

/**
 * Returns the state of the account link. It only reads the catalogs.
 * @throws SetupError if the table is required and cannot be linked
 */
export async function inspectAccounts(database: Knex, settings: AccountSettings): Promise<AccountLink> {
  const { table, reason, current, validated, forced } = await readLinkState(database, settings);
  if (!forced)
    return { state: 'outdated', reason: 'row-level security does not apply to the owner of the tables' };
  if (!current) {
    return {
      state: 'outdated',
      reason: table ? `lanes are not linked to ${table.name} yet` : 'lanes are still linked',
    };
  }
  if (settings.link === 'off') return { state: 'off' };
  if (!table) return { state: 'unlinked', reason: reason as string };
  return validated
    ? { state: 'linked', table: table.name, idType: table.idType, orphans: 0, examples: [] }
    : {
        state: 'outdated',
        reason: `the link to ${table.name} is not validated, because lanes without an account existed`,
      };
}

/**
 * Creates or removes the account link, according to the settings and the database. If the link is up to date, only
 * validates it once all lanes have accounts.
 * @throws SetupError that says what to do: the table is required and cannot be linked, or this login has no right to refer to it
 */
export async function linkAccounts(
  session: MigrationSession,
  settings: AccountSettings,
): Promise<AccountLink> {
  const { table, reason, current, validated, forced } = await readLinkState(session.database, settings);
  try {
    if (!forced) await withoutRowSecurity(session, async () => undefined);
    if (!current) {
      await session.change('Linking lanes to accounts', (transaction) => replaceLink(transaction, table));
    }
    if (settings.link === 'off') return { state: 'off' };
    if (!table) return { state: 'unlinked', reason: reason as string };
    const orphans = current && validated ? { orphans: 0, examples: [] } : await validateLink(session, table);
    return { state: 'linked', table: table.name, idType: table.idType, ...orphans };
  } catch (cause) {
    if (sqlState(cause) !== insufficientPrivilege || !table) throw cause;
    throw new SetupError(
      `This login has no right to refer to ${table.name}. The owner of the table must run this; then try again:\n` +
        `  grant select, references on ${table.name} to <the role that migrates>;`,
      { cause },
    );
  }
}

/** Whether an error says that the user has no account, or that the user id cannot be an account id. */
export function isUnknownAccount(error: unknown): boolean {
  const constraint = violatedConstraint(error);
  return constraint === reference || constraint === canonical;
}
