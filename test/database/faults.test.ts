import {
  breaksConnection,
  isConnectionLimit,
  isUnavailable,
  losesStatements,
} from '../../src/database/faults';
import { StaleConnection } from '../../src/database/pool';
import { PoolBusy } from '../../src/database/shares';
import { TransactionTimeout } from '../../src/database/transaction';

test.each([
  [Object.assign(new Error('terminating connection'), { code: '57P01' }), true],
  [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), true],
  [new Error('Connection terminated unexpectedly'), true],
  // As Knex tells what its own statements met.
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
  [undefined, false],
])('%p is unavailability: %p', (error, expected) => {
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
  // Errors of a statement, after whose rollback the connection is as good as new.
  ['57014', false],
  ['40P01', false],
  ['55P03', false],
  ['23505', false],
  ['42P05', false],
])('%s breaks its connection: %p', (code, expected) => {
  expect(breaksConnection(Object.assign(new Error('failed'), { code }))).toBe(expected);
});

test('a query that was given up leaves its connection busy, so that it is not used again', () => {
  expect(breaksConnection(new Error('Query read timeout'))).toBe(true);
});

test.each([
  ['42P05', 'prepared statement "lane-scope" already exists', true],
  ['26000', 'prepared statement "lane-scope" does not exist', true],
  ['42601', 'syntax error', false],
])('%s tells of lost prepared statements: %p', (code, message, expected) => {
  expect(losesStatements(Object.assign(new Error(message), { code }))).toBe(expected);
});

test.each([
  ['53300', 'sorry, too many clients already', true],
  ['53300', 'too many connections for role "tasklane_service"', true],
  ['08P01', 'no more connections allowed (max_client_conn)', true],
  ['XX000', 'Max client connections reached', true],
  ['53200', 'out of memory', false],
  ['28P01', 'password authentication failed', false],
])('%s, %s: no more connections can be opened: %p', (code, message, expected) => {
  expect(isConnectionLimit(Object.assign(new Error(message), { code }))).toBe(expected);
});
