import {
  breaksConnection,
  isConnectionLimit,
  isPreparedStatementLost,
  isUnavailable,
  violatedConstraint,
} from '../../../src/platform/database/errors';
import { StaleConnection } from '../../../src/platform/database/pool';
import { PoolBusy } from '../../../src/platform/database/shares';
import { TransactionTimeout } from '../../../src/platform/database/transaction';
import { describeUnavailable } from '../../../src/platform/database/unavailable';

test.each([
  [Object.assign(new Error('terminating connection'), { code: '57P01' }), true],
  [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), true],
  [new Error('Connection terminated unexpectedly'), true],
  // The form in which Knex reports errors of its own statements.
  [
    new Error(
      'update "tasks" set "title" = $1 - Client has encountered a connection error and is not queryable',
    ),
    true,
  ],
  [new Error('select 1 - Connection terminated'), true],
  [Object.assign(new Error('select 1 - duplicate key'), { code: '23505' }), false],
  [new Error('The task vanished; Connection terminated is what it is called'), false],
  [Object.assign(new Error('terminating connection due to transaction timeout'), { code: '25P04' }), true],
  [new PoolBusy('No connection was free for 5000 ms.'), true],
  [new TransactionTimeout('The transaction took longer than 30000 ms.'), true],
  [new StaleConnection('A prepared statement was lost.'), true],
  [new TypeError('x is not a function'), false],
  // A missing file of an import is not the database's socket.
  [Object.assign(new Error('open'), { code: 'ENOENT', syscall: 'open' }), false],
  [Object.assign(new Error('connect'), { code: 'ENOENT', syscall: 'connect' }), true],
  [undefined, false],
])('%p means that the database is unavailable: %p', (error, expected) => {
  expect(isUnavailable(error)).toBe(expected);
});

test.each([
  ['25006', true],
  ['57P01', true],
  ['57P02', true],
  ['57P03', true],
  ['57P04', true],
  ['57P05', true],
  ['08000', true],
  ['08003', true],
  ['08006', true],
  ['08P01', true],
  ['25P03', true],
  ['25P04', true],
  ['ECONNRESET', true],
  // Errors of a statement; after a rollback the connection can be used again.
  ['57014', false],
  ['40P01', false],
  ['55P03', false],
  ['23505', false],
  ['42P05', false],
])('%s breaks its connection: %p', (code, expected) => {
  expect(breaksConnection(Object.assign(new Error('failed'), { code }))).toBe(expected);
});

test('the connection of an aborted query is not reused, because it is still busy', () => {
  expect(breaksConnection(new Error('Query read timeout'))).toBe(true);
});

test.each([
  ['42P05', 'prepared statement "lane-scope" already exists', true],
  ['26000', 'prepared statement "lane-scope" does not exist', true],
  ['42601', 'syntax error', false],
])('%s means that prepared statements were lost: %p', (code, message, expected) => {
  expect(isPreparedStatementLost(Object.assign(new Error(message), { code }))).toBe(expected);
});

test.each([
  ['53300', 'sorry, too many clients already', true],
  ['53300', 'too many connections for role "tasklane_service"', true],
  ['08P01', 'no more connections allowed (max_client_conn)', true],
  ['XX000', 'Max client connections reached', true],
  ['53200', 'out of memory', false],
  ['28P01', 'password authentication failed', false],
])('%s, %s means that no more connections can be opened: %p', (code, message, expected) => {
  expect(isConnectionLimit(Object.assign(new Error(message), { code }))).toBe(expected);
});

const coded = (code: string, message = 'password "secret" of ada@db.example.com') =>
  Object.assign(new Error(message), { code });

test.each([
  [coded('28P01'), 'it refuses the password'],
  [coded('28000'), 'it refuses the login (role, pg_hba.conf)'],
  [
    coded('28000', 'no pg_hba.conf entry for host "10.0.0.1", user "ada", database "tasks", no encryption'),
    'it accepts only connections with TLS: set sslmode=require or stricter',
  ],
  [coded('3D000'), 'the database does not exist'],
  // PgBouncer's own errors, and before 1.20 also those of Postgres.
  [coded('08P01', 'SASL authentication failed'), 'it refuses the password'],
  [coded('08P01', 'password authentication failed for user "ada"'), 'it refuses the password'],
  [coded('08P01', 'no such user'), 'the pooler refuses the login'],
  [coded('08P01', 'no such database: tasks'), 'the database does not exist'],
  [coded('08P01', 'database "tasks" does not exist'), 'the database does not exist'],
  [
    coded('08P01', 'server login has been failing, try again later (server_login_retry)'),
    'the pooler cannot connect to it',
  ],
  [
    coded(
      '08P01',
      'server login has been failing, cached error: database "tasks" does not exist (server_login_retry)',
    ),
    'the database does not exist',
  ],
  [coded('08P01', 'query_wait_timeout'), 'the pooler has no free connection to it'],
  [coded('08P01', 'SSL required'), 'it accepts only connections with TLS: set sslmode=require or stricter'],
  [coded('08P01', 'admin forced disconnect'), 'the connection broke'],
  [
    coded('53300'),
    'it accepts no more connections (max_connections, or a limit of the role or the database)',
  ],
  [coded('25006'), 'it is read-only'],
  [coded('ENOTFOUND'), 'DNS does not know its host name'],
  [coded('EAI_AGAIN'), 'DNS does not answer'],
  [coded('ECONNREFUSED'), 'nothing accepts connections at its address and port'],
  [
    new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]),
    'nothing accepts connections at its address and port',
  ],
  [
    new Error('The lock was lost.', { cause: coded('57P01') }),
    'it is shutting down, or it closed the connection',
  ],
  [coded('ETIMEDOUT'), 'it does not answer in time'],
  [new Error('timeout expired'), 'it does not answer in time'],
  [new Error('The server does not support SSL connections'), 'it does not offer TLS, which sslmode requires'],
  [
    coded('DEPTH_ZERO_SELF_SIGNED_CERT'),
    'its TLS certificate is not signed by a trusted authority: see sslrootcert',
  ],
  [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'its TLS certificate is for another host name'],
  [coded('CERT_HAS_EXPIRED'), 'its TLS certificate is not valid at this time'],
])('%p is described without names: %s', (error, why) => {
  expect(isUnavailable(error)).toBe(true);
  expect(describeUnavailable(error)).toBe(`The database is unavailable: ${why}.`);
});

test.each([
  [{ code: '23505', constraint: 'tasks_pkey' }, 'tasks_pkey'],
  // The form in which Citus passes an error of a shard on.
  [
    { code: '23505', message: 'duplicate key value violates unique constraint "tasks_pkey_102058"' },
    'tasks_pkey',
  ],
  [
    {
      code: '23503',
      message: 'insert on table "lanes_102009" violates foreign key constraint "lanes_account_102009"',
    },
    'lanes_account',
  ],
  [{ code: '23502', message: 'null value in column "id" violates not-null constraint' }, undefined],
  [{ code: '42P01', message: 'there is no constraint "tasks_pkey"' }, undefined],
  [undefined, undefined],
])('finds the violated constraint of %j', (error, name) => {
  expect(violatedConstraint(error)).toBe(name);
});
