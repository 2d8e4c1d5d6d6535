/** Records the statements that repositories send. No database is needed: a connection answers with sample rows. */
import knex from 'knex';
import { createLanes } from '../../src/platform/database/lane-runner';
import type { Connection, Pool } from '../../src/platform/database/pool';
import { createSystem } from '../../src/platform/database/system';
import type { JobContext } from '../../src/platform/jobs/job';
import { lane, laneKey, sampleRow } from './rows';

/** The tables that a call finds empty; a statement finds a row in the other tables. */
export type EmptyTables = readonly string[];

interface Sent {
  readonly text: string;
}

type Callback = (error: null, result: object) => void;

// The table that a statement writes, or that it reads first.
const firstTable = /\b(?:into|update|from)\s+"?tasklane"?\."?(\w+)"?/;

// Begins, locks and ends the transaction. Each write sends these statements; `lane.sql` has them once.
const ofTransactions = new Set([
  'lane-scope',
  'lane-lock',
  'lane-lock-job',
  'lane-write-time',
  'lane-record',
  'lane-deliver',
]);

function createConnection(empty: EmptyTables): { connection: Connection; texts: string[] } {
  const texts: string[] = [];
  function answer({ text }: Sent): object {
    const table = firstTable.exec(text)?.[1];
    // The same statement finds nothing the second time, so that loops end.
    const isFound = !texts.includes(text) && !empty.includes(table ?? '');
    texts.push(text);
    const rows = isFound ? [sampleRow(table)] : [];
    const command = /\w+/.exec(text)?.[0].toUpperCase();
    return { rows, rowCount: rows.length, command: command === 'WITH' ? 'SELECT' : command };
  }
  function query(statement: string | (Sent & { name?: string }), ...[last]: [(unknown[] | Callback)?]) {
    const sent = typeof statement === 'string' ? { text: statement } : statement;
    const isOfTransaction = 'name' in sent && ofTransactions.has(sent.name as string);
    const result = isOfTransaction ? { rows: [lane], rowCount: 1 } : answer(sent);
    if (typeof last !== 'function') return Promise.resolve(result);
    last(null, result);
    return undefined;
  }
  return { connection: { query } as unknown as Connection, texts };
}

// `begin` and `commit` are sent as they are; the scope of jobs sets a role.
const isOfRepository = (text: string) =>
  !/^(begin|commit|rollback|savepoint|release|set local)\b/.test(text) && !text.includes(`set_config('role'`);

/** Runs a call and returns the texts of its statements, in order, each once. */
export async function record(
  call: (context: JobContext) => Promise<unknown>,
  empty: EmptyTables = [],
): Promise<string[]> {
  const { connection, texts } = createConnection(empty);
  const pool: Pool = {
    knex: knex({ client: 'pg' }),
    transactionTimeoutMs: 1_000,
    acquireTimeoutMs: 1_000,
    acquire: async () => ({
      connection,
      release: () => undefined,
      classifyError: (error) => error,
    }),
    use: () => ({ max: 1, used: 0, waiting: 0, expectedWaitMs: 0 }),
    lastSeen: () => ({ goodAt: 0, badAt: 0 }),
    close: async () => undefined,
  };
  const { laneForJob } = createLanes(pool, { appRole: 'app', statementTimeoutMs: 1_000 });
  await call({
    withSystem: createSystem(pool, { systemRole: 'system', statementTimeoutMs: 1_000 }),
    laneForJob: () => laneForJob(laneKey),
    log: undefined as never,
    signal: new AbortController().signal,
  });
  return [...new Set(texts)].filter(isOfRepository);
}
