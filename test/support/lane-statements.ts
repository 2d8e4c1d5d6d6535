/**
 * Checks that each statement of the service reads and writes only rows of its transaction's lane, and that it can run on
 * the shards of a database that distributes lanes.
 */
import { loadModule } from 'libpg-query';
import { Client } from 'pg';
import { noLane } from '../../src/platform/database/registry';
import { schema } from '../../src/platform/database/rows';
import { query } from './database';
import { type LaneKey, type Reading, readStatement } from './lane-key';
import { type KnownFunctions, readForShards, type ShardReading, seeRules } from './shard-rules';

/** A statement that breaks rules: it may read or write rows of another lane, or it cannot run on shards. */
export interface FaultyStatement {
  readonly text: string;
  readonly reasons: readonly string[];
}

/** Exceptions for statements that the check cannot understand: a part of the text, the allowed error, and the reason. */
const excused: readonly { part: string; reason: string; why: string }[] = [
  {
    part: `ts_stat(format('select search from ${schema}.tasks where lane_id = %L and deleted_at is null`,
    reason: `a text names ${schema}.tasks`,
    why: 'ts_stat takes the text of a query; this one is bound to the id of the profile, which is bound to the lane',
  },
];

/** Statements that may lock rows of several lanes in a transaction: a part of the text, and the reason. */
const locksSeveralLanes: readonly { part: string; why: string }[] = [
  {
    part: 'set epoch = renewed.epoch',
    why: 'renews all lanes after a restore; a command, not a job',
  },
];

/** Reads the names of the tables with lanes' rows from a migrated database. */
export async function laneKeyOf(url: string): Promise<LaneKey> {
  await loadModule();
  const rows = await query<{ name: string }>(
    url,
    `select table_name::text as name from information_schema.columns where table_schema = $1 and column_name = 'lane_id'`,
    [schema],
  );
  return { schema, column: 'lane_id', tables: new Set(rows.map(({ name }) => name)) };
}

/** Reads which functions a migrated database has. */
export async function functionsOf(url: string): Promise<KnownFunctions> {
  const rows = await query<{ name: string; volatility: string; source: string | null }>(
    url,
    `select proname::text as name, max(provolatile::text) as volatility,
       string_agg(prosrc, ' ') filter (where nspname = $1) as source
     from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
     where nspname in ('pg_catalog', $1) and 'timetz'::regtype <> all (proargtypes)
       and not (proname = 'timezone' and pronargs = 1) group by proname`,
    [schema],
  );
  // Of functions with the same name, the least stable one counts. The service uses neither timetz nor AT LOCAL.
  const named = (volatility: RegExp) =>
    new Set(rows.filter((row) => volatility.test(row.volatility)).map(({ name }) => name));
  const volatile = named(/v/);
  const defaults = await query<{ name: string; text: string }>(
    url,
    `select table_name || '.' || column_name as name, column_default as text
     from information_schema.columns where table_schema = $1 and column_default is not null`,
    [schema],
  );
  const callsVolatile = ({ text }: { text: string }) =>
    [...text.matchAll(/(\w+)\(/g)].some(([, called]) => volatile.has(called as string));
  const settings = rows.flatMap(({ source }) => [...(source ?? '').matchAll(/set local ([a-z_.]+)/g)]);
  return {
    localSettings: new Set(settings.map(([, name]) => name as string)),
    volatile,
    mutable: named(/[vs]/),
    volatileDefaults: new Set(defaults.filter(callsVolatile).map(({ name }) => name)),
  };
}

/** Reads a statement; an error of the parser is reported like the others. */
function read(text: string, key: LaneKey): Reading {
  try {
    return readStatement(text, key);
  } catch (error) {
    return { reasons: [`it cannot be read: ${(error as Error).message}`], keys: [] };
  }
}

/** The reasons why a statement with these values leaves the lane of the scope. */
function reasonsOf(
  text: string,
  reading: Reading,
  values: readonly unknown[],
  { userId, database }: LaneScope,
  users: Map<string, string>,
): string[] {
  const reasons = reading.reasons.filter(
    (reason) => !excused.some((each) => each.reason === reason && text.includes(each.part)),
  );
  const isOwn = (key: Reading['keys'][number]) => {
    const id = String('parameter' in key ? values[key.parameter - 1] : key.constant);
    if (id === noLane) return true;
    // Ids of lanes are never used again, so each belongs to the user who had it first.
    const lane = `${database} ${id}`;
    if (!users.has(lane)) users.set(lane, userId);
    return users.get(lane) === userId;
  };
  return reading.keys.every(isOwn) ? reasons : [...reasons, 'the key is another lane’s'];
}

export interface Watch {
  /** The statements so far that left their lanes, each text once. */
  crossTenantStatements(): FaultyStatement[];
  /** The statements so far that cannot run on shards, each text once. */
  statementsUnfitForShards(): FaultyStatement[];
}

/** A client of node-postgres. */
type Connected = Pick<Client, 'database'>;

interface LaneScope {
  readonly userId: string;
  /** The name of the database. */
  readonly database: string;
}

/** A transaction of the system role, and the lane whose rows it has locked. */
interface SystemScope {
  lockedLane: string | null;
}

/** The transaction of a connection: of a lane, of the system role, or none. */
type Scope = LaneScope | SystemScope | null;

const laneScope = /open_scope\(\$\d+, \$(\d+)/;
const systemScope = /set_config\('role'/;
const boundary = /^(begin|commit|rollback$)/;

interface Watching {
  readonly key: LaneKey;
  readonly functions: KnownFunctions;
  readonly crossTenant: Map<string, FaultyStatement>;
  readonly unfit: Map<string, FaultyStatement>;
  readonly readings: Map<string, Reading>;
  readonly shardReadings: Map<string, ShardReading>;
  /** The user of each lane, by the database and the id of the lane. */
  readonly users: Map<string, string>;
}

let watching: Watching | null = null;
const scopes = new WeakMap<object, Scope>();

/** The scope of a connection after a statement; undefined if it does not change. */
function scopeAfter(client: Connected, text: string, values: readonly unknown[]): Scope | undefined {
  const own = laneScope.exec(text);
  if (own) return { userId: values[Number(own[1]) - 1] as string, database: client.database ?? '' };
  if (systemScope.test(text)) return { lockedLane: null };
  // Connections that never had a scope belong to the tests.
  return scopes.has(client) && boundary.test(text) ? null : undefined;
}

/** Notes why a statement cannot run on shards. A transaction of the system role locks rows of one lane at most. */
function noteForShards(
  { key, functions, unfit, shardReadings }: Watching,
  text: string,
  values: unknown[],
  scope: Scope,
) {
  const reading = shardReadings.get(text) ?? readForShards(text, key, functions);
  shardReadings.set(text, reading);
  const reasons = [...reading.reasons];
  if (scope && 'lockedLane' in scope && !locksSeveralLanes.some(({ part }) => text.includes(part))) {
    reasons.push(...reading.unboundLocks);
    for (const locked of reading.lockedKeys) {
      const lane = String('parameter' in locked ? values[locked.parameter - 1] : locked.constant);
      scope.lockedLane ??= lane;
      if (scope.lockedLane !== lane)
        reasons.push(`the transaction has locked rows of another lane; ${seeRules}`);
    }
  }
  if (reasons.length > 0) unfit.set(text, { text, reasons });
}

function note(watched: Watching, client: Connected, text: string, values: unknown[]): void {
  const { key, crossTenant, readings, users } = watched;
  const next = scopeAfter(client, text, values);
  if (next !== undefined) {
    scopes.set(client, next);
    return;
  }
  const scope = scopes.get(client);
  if (scope === undefined) return;
  noteForShards(watched, text, values, scope);
  if (scope && 'lockedLane' in scope) return;
  const reading = readings.get(text) ?? read(text, key);
  readings.set(text, reading);
  const isOutside = scope === null && reading.keys.length + reading.reasons.length > 0;
  const outside = isOutside ? ['it is sent outside of a lane'] : [];
  const reasons = scope ? reasonsOf(text, reading, values, scope, users) : outside;
  if (reasons.length > 0) crossTenant.set(text, { text, reasons });
}

interface Sent {
  readonly text?: string;
  readonly values?: readonly unknown[];
  /** The statements of a flight: they are sent together. */
  readonly statements?: readonly Sent[];
}

const send = Client.prototype.query as (...statement: unknown[]) => unknown;
Client.prototype.query = function (this: Connected, ...statement: unknown[]) {
  const [first, second] = statement;
  const sent = (typeof first === 'string' ? { text: first, values: second } : first) as Sent;
  for (const { text, values } of sent.statements ?? [sent]) {
    if (watching && text !== undefined) note(watching, this, text, Array.isArray(values) ? values : []);
  }
  return send.apply(this, statement);
} as never;

/** Watches all connections of this test file after the first call. */
export async function watchStatements(url: string): Promise<Watch> {
  watching ??= {
    key: await laneKeyOf(url),
    functions: await functionsOf(url),
    crossTenant: new Map(),
    unfit: new Map(),
    readings: new Map(),
    shardReadings: new Map(),
    users: new Map(),
  };
  const { crossTenant, unfit } = watching;
  return {
    crossTenantStatements: () => [...crossTenant.values()],
    statementsUnfitForShards: () => [...unfit.values()],
  };
}
