import { errorSerializer } from '../../../src/platform/observability/errors';

// One line, so that all errors have the same origin.
const fail = (message: string, members: object = {}) => Object.assign(new Error(message), members);

test('the same error is logged with its stack five times a minute, and then with a count', () => {
  const now = jest.spyOn(performance, 'now').mockReturnValue(0);
  try {
    const serialize = errorSerializer();
    const first = Array.from({ length: 20 }, (_, n) => serialize(fail(`outage ${n}`, { code: '57P01' })));
    expect(first.filter((each) => each.stack !== undefined)).toHaveLength(5);
    expect(first.at(-1)).toEqual({ type: 'Error', message: 'outage 19', code: '57P01' });
    // Each kind of error has its own limit.
    expect(serialize(fail('another', { code: '42P01' })).stack).toEqual(expect.any(String));
    now.mockReturnValue(60_000);
    expect(serialize(fail('later', { code: '57P01' }))).toMatchObject({
      stack: expect.any(String),
      stacks_left_out: 15,
    });
  } finally {
    now.mockRestore();
  }
});

test('texts of rows from Postgres and extra properties from Node are left out', () => {
  const facts = errorSerializer()(
    fail('duplicate key', {
      code: '23505',
      constraint: 'tags_name',
      detail: 'Key (name)=(private)',
      where: 'private',
      input: 'postgres://ada:private@host/',
    }),
  );
  expect(facts).toEqual({
    type: 'Error',
    message: 'duplicate key',
    code: '23505',
    constraint: 'tags_name',
    stack: expect.any(String),
  });
});

test('the first causes of an error are logged, and the first of several errors', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const error = new Error('outer', { cause: new AggregateError([refused, refused], 'all') });
  expect(errorSerializer()(error)).toMatchObject({
    message: 'outer',
    cause: { type: 'AggregateError', cause: { message: 'connect', code: 'ECONNREFUSED' } },
  });
  const circular = new Error('circular');
  circular.cause = circular;
  expect(JSON.stringify(errorSerializer()(circular)).length).toBeLessThan(10_000);
  expect(errorSerializer()('a string')).toEqual({ type: 'string', message: 'a string' });
});
