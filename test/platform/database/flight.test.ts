/** Tests flights (statements that are sent as one packet) on a real Postgres, and connections after failures. */
import { Client, type PoolClient } from 'pg';
import { serialize } from 'pg-protocol';
import {
  endFlightWith,
  reopen,
  run,
  type Statement,
  sendInFlights,
} from '../../../src/platform/database/flight';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';

let database: TestDatabase;
let client: Client;
let connection: PoolClient;
let packets: Buffer[];
let names: boolean;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  await query(
    database.url,
    `create table parents (id int primary key);
     create table children (parent int references parents deferrable initially deferred)`,
  );
});
afterAll(() => database.drop());

beforeEach(async () => {
  names = true;
  client = new Client({ connectionString: database.url, query_timeout: 30_000 });
  client.on('error', () => undefined);
  await client.connect();
  connection = client as unknown as PoolClient;
  sendInFlights(connection, () => names);
  packets = [];
  const { stream } = (client as unknown as { connection: { stream: { write(data: Buffer): boolean } } })
    .connection;
  const write = stream.write.bind(stream);
  stream.write = (data) => {
    packets.push(data);
    return write(data);
  };
});
afterEach(() => client.end());

const named = (text: string, values: unknown[] = []): Statement => ({ name: text, text, values });
const rowsOf = async (statement: Statement) => (await run(connection, statement)).rows;
const reasons = async (...sent: Promise<unknown>[]) =>
  (await Promise.allSettled(sent)).map((each) =>
    each.status === 'rejected' ? (each.reason.code ?? each.reason.message) : 'done',
  );
const works = async () => expect(await rowsOf(named('select 1 as one'))).toEqual([{ one: 1 }]);

test('sends the statements of one turn of the event loop as one packet', async () => {
  const results = await Promise.all([
    run(connection, { text: 'begin' }),
    run(connection, named('select $1::int as a, null as b', [7])),
    run(connection, { text: 'commit' }),
  ]);
  expect(results.map(({ command, rowCount, rows }) => [command, rowCount, rows])).toEqual([
    ['BEGIN', null, []],
    ['SELECT', 1, [{ a: 7, b: null }]],
    ['COMMIT', null, []],
  ]);
  expect(packets).toHaveLength(1);
});

test('describes a prepared statement only once', async () => {
  for (let each = 0; each < 3; each++)
    expect(await rowsOf(named('select $1::int as n', [each]))).toEqual([{ n: each }]);
  const [first, ...others] = packets.map(({ length }) => length) as [number, number, number];
  expect(Math.max(...others)).toBeLessThan(first);
});

test('prepares a statement once if its name occurs twice in a flight', async () => {
  const twice = [1, 2].map((n) => rowsOf(named('select $1::int as n', [n])));
  expect(await Promise.all(twice)).toEqual([[{ n: 1 }], [{ n: 2 }]]);
  await works();
});

test('prepares nothing while names are not allowed', async () => {
  names = false;
  await works();
  expect(await rowsOf({ text: 'select count(*)::int as n from pg_prepared_statements' })).toEqual([{ n: 0 }]);
});

test('skips the statements after an error, and remembers the statements that were prepared before it', async () => {
  expect(
    await reasons(
      run(connection, { text: 'begin' }),
      run(connection, named('select 2 as two')),
      run(connection, named('select 1 / $1::int', [0])),
      run(connection, named('select 3 as three')),
    ),
  ).toEqual(['done', 'done', '22012', '25P02']);
  await run(connection, { text: 'rollback' });
  expect(await rowsOf(named('select 2 as two'))).toEqual([{ two: 2 }]);
  expect(await rowsOf(named('select 1 / $1::int', [1]))).toHaveLength(1);
  expect(await rowsOf(named('select 3 as three'))).toEqual([{ three: 3 }]);
});

test('closes a statement that Postgres skipped or refused before it prepares it again', async () => {
  const isClosed = (name: string) =>
    packets.at(-1)?.includes(serialize.close({ type: 'S', name })) ? 'closed' : 'not closed';
  const skipped = 'select count(*)::int as n from later';
  const flight = () =>
    Promise.allSettled([run(connection, { text: 'select 1 / 0' }), run(connection, named(skipped))]);
  await flight();
  expect(isClosed(skipped)).toBe('not closed');
  expect(await reasons(run(connection, named(skipped)))).toEqual(['42P01']);
  expect(isClosed(skipped)).toBe('closed');
  await run(connection, { text: 'create temporary table later ()' });
  expect(await rowsOf(named(skipped))).toEqual([{ n: 0 }]);
  expect(isClosed(skipped)).toBe('closed');
  expect(await rowsOf(named(skipped))).toEqual([{ n: 0 }]);
  expect(isClosed(skipped)).toBe('not closed');
});

test('sends nothing of a flight with a value that cannot be written', async () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const failed = await reasons(
    run(connection, { text: 'begin' }),
    run(connection, named('select $1::json', [circular])),
  );
  expect(failed).toEqual(Array(2).fill(expect.stringContaining('circular')));
  expect(packets).toEqual([]);
  await works();
});

test('rejects a flight with a value that cannot be read', async () => {
  client.setTypeParser(23, () => {
    throw new Error('No number.');
  });
  expect(await reasons(rowsOf(named('select 4 as four')), rowsOf(named(`select 'a' as a`)))).toEqual(
    Array(2).fill('No number.'),
  );
  expect(await rowsOf(named(`select 'b' as b`))).toEqual([{ b: 'b' }]);
});

test('settles a commit only when deferred constraints hold', async () => {
  const [, , committed] = await reasons(
    run(connection, { text: 'begin' }),
    run(connection, { text: 'insert into children values (1)' }),
    run(connection, { text: 'commit' }),
  );
  expect(committed).toBe('23503');
  await works();
});

test('settles a statement without a transaction only when deferred constraints hold', async () => {
  // Postgres checks them at the Sync message, when it has already sent the result of the statement.
  expect(await reasons(run(connection, { text: 'insert into children values (2)' }))).toEqual(['23503']);
  await works();
});

test('destroys a connection whose statement takes too long', async () => {
  const late = run(connection, { text: 'select pg_sleep(30)', query_timeout: 50 });
  expect(await reasons(late)).toEqual(['Query read timeout']);
  expect(await reasons(run(connection, { text: 'select 1' }))).not.toEqual(['done']);
});

test('rejects all statements of a flight whose connection is lost', async () => {
  const [row] = await rowsOf({ text: 'select pg_backend_pid() as pid' });
  const lost = reasons(
    run(connection, { text: 'select pg_sleep(30)' }),
    run(connection, { text: 'select 1' }),
  );
  await query(database.url, 'select pg_terminate_backend($1)', [row?.pid]);
  expect(await lost).not.toContain('done');
  expect(await reasons(run(connection, { text: 'select 1' }))).not.toContain('done');
});

test('rejects all statements of a flight whose session ends, with its reason', async () => {
  const sent = [
    run(connection, { text: 'begin' }),
    run(connection, { text: 'select pg_terminate_backend(pg_backend_pid())' }),
    run(connection, { text: 'commit' }),
  ];
  expect(await reasons(...sent)).toEqual(['57P01', '57P01', '57P01']);
});

test('leaves no timer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const before = timers();
  await works();
  await reasons(run(connection, { text: 'select 1 / 0' }));
  expect(timers()).toBe(before);
});

test('ends a transaction with the next flight, and takes no statement afterwards', async () => {
  const ended = endFlightWith(connection, () => [{ text: 'select 6 as six' }, { text: 'commit' }]);
  const sent = [run(connection, { text: 'begin' }), run(connection, named('select 5 as five'))];
  expect((await Promise.all(sent)).map(({ rowCount }) => rowCount)).toEqual([null, 1]);
  expect((await ended).map(({ command }) => command)).toEqual(['SELECT', 'COMMIT']);
  expect(packets).toHaveLength(1);
  expect(await reasons(run(connection, { text: 'select 1' }))).toEqual([
    expect.stringContaining('has ended'),
  ]);
  expect(packets).toHaveLength(1);
  reopen(connection);
  await works();
});

test('rejects the end of a transaction that failed', async () => {
  const ended = endFlightWith(connection, () => [{ text: 'commit' }]);
  const sent = [run(connection, { text: 'begin' }), run(connection, { text: 'select 1 / 0' })];
  expect(await reasons(...sent, ended)).toEqual(['done', '22012', '25P02']);
  reopen(connection);
  await run(connection, { text: 'rollback' });
  await works();
});

test('takes statements with a callback', async () => {
  const result = await new Promise((resolve, reject) => {
    client.query('select $1::int as n', [8], (error, { rows }) => (error ? reject(error) : resolve(rows)));
  });
  expect(result).toEqual([{ n: 8 }]);
});
