/** Watches what the service sends to Postgres inside of lanes: each statement must keep to the lane of its transaction. */
import { loadModule } from 'libpg-query';
import { Client } from 'pg';
import { schema } from '../../src/database/rows';
import { query } from './database';
import { type LaneKey, type Reading, readStatement } from './lane-key';

/** A statement that does not keep to its lane. */
export interface Stray {
  readonly text: string;
  readonly faults: readonly string[];
}

/** Statements that cannot be read as a whole: what they must contain, which fault that excuses, and why it is right. */
const excused: readonly { part: string; fault: string; why: string }[] = [
  {
    part: `ts_stat(format('select search from ${schema}.tasks where user_id = %L and deleted_at is null', user_id))`,
    fault: `a text names ${schema}.tasks`,
    why: 'ts_stat takes the text of a query; this one is bound to the user of the profile, which is bound to the lane',
  },
];

/** Reads the names of the tables with lanes' rows from a migrated database. */
export async function laneKeyOf(url: string): Promise<LaneKey> {
  await loadModule();
  const rows = await query<{ name: string }>(
    url,
    `select table_name::text as name from information_schema.columns where table_schema = $1 and column_name = 'user_id'`,
    [schema],
  );
  return { schema, column: 'user_id', tables: new Set(rows.map(({ name }) => name)) };
}

/** Why a statement with these values does not keep to the lane of `userId`. */
export function faultsOf(
  text: string,
  reading: Reading,
  values: readonly unknown[],
  userId: string,
): string[] {
  const faults = reading.faults.filter(
    (fault) => !excused.some((each) => each.fault === fault && text.includes(each.part)),
  );
  const isOwn = (key: Reading['keys'][number]) =>
    ('parameter' in key ? values[key.parameter - 1] : key.constant) === userId;
  return reading.keys.every(isOwn) ? faults : [...faults, 'the key is another lane’s'];
}

export interface Watch {
  /** What did not keep to its lane so far, each text once. */
  strays(): Stray[];
  /** How many statements were read, and in how many texts. */
  counts(): { readonly statements: number; readonly texts: number };
}

/** Whose transaction a connection is in: a lane's, the system's, or nobody's. */
type Scope = { readonly userId: string } | 'system' | null;

const scopeOf = /set_config\('app\.user_id', \$(\d+)/;

let watching: {
  key: LaneKey;
  strays: Map<string, Stray>;
  readings: Map<string, Reading>;
  count: number;
} | null = null;
const scopes = new WeakMap<object, Scope>();

function note(client: object, text: string, values: readonly unknown[]): void {
  if (!watching) return;
  const own = scopeOf.exec(text);
  if (own) return void scopes.set(client, { userId: values[Number(own[1]) - 1] as string });
  if (/set_config\('role'/.test(text)) return void scopes.set(client, 'system');
  // Connections that never were in a lane are the tests' own.
  if (!scopes.has(client)) return;
  if (/^(begin|commit|rollback$)/.test(text)) return void scopes.set(client, null);
  const scope = scopes.get(client);
  if (scope === 'system') return;
  let reading = watching.readings.get(text);
  if (!reading) {
    reading = readStatement(text, watching.key);
    watching.readings.set(text, reading);
  }
  watching.count++;
  const isOutside = !scope && (reading.keys.length > 0 || reading.faults.length > 0);
  const faults = scope
    ? faultsOf(text, reading, values, scope.userId)
    : isOutside
      ? ['outside of a lane']
      : [];
  if (faults.length > 0) watching.strays.set(text, { text, faults });
}

const send = Client.prototype.query as (...statement: unknown[]) => unknown;
Client.prototype.query = function (this: object, ...statement: unknown[]) {
  const [first, second] = statement;
  const { text, values } = (typeof first === 'string' ? { text: first, values: second } : first) as {
    text?: string;
    values?: unknown[];
  };
  if (text !== undefined) note(this, text, Array.isArray(values) ? values : []);
  return send.apply(this, statement);
} as never;

/** Watches all connections of this test file, from the first call on. */
export async function watchStatements(url: string): Promise<Watch> {
  watching ??= { key: await laneKeyOf(url), strays: new Map(), readings: new Map(), count: 0 };
  const { strays, readings } = watching;
  return {
    strays: () => [...strays.values()],
    counts: () => ({ statements: watching?.count ?? 0, texts: readings.size }),
  };
}
