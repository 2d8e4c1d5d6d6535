import { isUnavailable } from '../../src/database/faults';

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
  [new TypeError('x is not a function'), false],
  [undefined, false],
])('%p is unavailability: %p', (error, expected) => {
  expect(isUnavailable(error)).toBe(expected);
});
