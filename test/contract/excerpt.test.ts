import { contractDocument } from '../../src/platform/contract/document/contract';
import { problemBody } from '../../src/platform/contract/document/problems';
import { shortenError } from '../../src/platform/contract/document/validation-errors';
import { parseTagCondition } from '../../src/platform/contract/http/entity-tags';
import { createExcerpter } from '../../src/platform/contract/validation/excerpt';
import { createCheck } from '../../src/platform/contract/validation/rows';

const component = (name: string) => ({ $ref: `#/components/schemas/${name}` });

describe('an excerpt', () => {
  const excerptOf = createExcerpter(contractDocument, component('Batch'));

  test('keeps a short value as it is', () => {
    const value = { operations: [{ op: 'create_task', task: { title: 'x', tags: ['a'] } }], surplus: null };
    expect(excerptOf(value)).toEqual({ value, omitted: 0 });
  });

  test('shortens arrays and strings to a little more than their maximum, also behind `$ref` and `oneOf`', () => {
    const task = { title: 'x'.repeat(60_000), tags: Array(40_000).fill(0) };
    const { value } = excerptOf({ operations: Array(5_000).fill({ op: 'create_task', task }) });
    const { operations } = value as { operations: { task: typeof task }[] };
    expect(operations).toHaveLength(101);
    expect(operations[0]?.task.title).toHaveLength(402);
    expect(operations[0]?.task.tags).toHaveLength(51);
  });

  test('has a hundred unknown properties and counts the others', () => {
    const unknown = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${n}`, []]));
    const { value, omitted } = excerptOf({ ...unknown, operations: [] });
    expect(Object.keys(value as object)).toHaveLength(101);
    expect(omitted).toBe(200);
  });

  test('keeps a property named __proto__', () => {
    const { value } = excerptOf(JSON.parse('{"__proto__":{"title":1}}'));
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });
});

test('a value that is too long has no other validation error', () => {
  const errors = createCheck('TaskImport')({
    title: `${'a'.repeat(60_000)}\u0001`,
    tags: Array(40_000).fill(0),
    priority: 0,
  });
  expect(errors.map(({ pointer, code }) => `${pointer} ${code}`).sort()).toEqual([
    '/priority not-allowed',
    '/tags too-long',
    '/title too-long',
  ]);
});

test('a problem lists a hundred validation errors and counts the others', () => {
  const errors = Array.from({ length: 250 }, (_, n) => ({
    pointer: `/body/${n}`,
    code: 'unknown' as const,
    detail: '',
  }));
  const problem = problemBody('validation-failed', 'id', { errors, errors_omitted: 7 });
  expect(problem.errors).toHaveLength(100);
  expect(problem.errors_omitted).toBe(157);
});

test('a validation error shortens names from the client', () => {
  const long = {
    pointer: `/body/${'\u{1f600}'.repeat(5_000)}`,
    code: 'unknown' as const,
    detail: 'x'.repeat(5_000),
  };
  const { pointer, detail } = shortenError(long);
  expect([pointer.length, detail.length]).toEqual([300, 1_000]);
  expect(pointer.isWellFormed()).toBe(true);
});

describe('entity tags', () => {
  test.each([
    ['"a"', 1],
    [' , "a" ,, W/"b,c" ,', 2],
    ['*', '*'],
    ['"a" "b"', null],
    ['"a', null],
    [' , ', null],
    [`"a",${' '.repeat(4_000)}x`, null],
    [`"a"${' '.repeat(15_800)}`, null],
  ])('are read from %.40j', (text, expected) => {
    const parsed = parseTagCondition(text);
    expect(Array.isArray(parsed) ? parsed.length : parsed).toBe(expected);
  });
});
