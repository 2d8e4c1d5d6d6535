import { problemBody } from '../../src/platform/contract/document/problems';
import { createCheck } from '../../src/platform/contract/validation/rows';
import { mostTelling } from '../../src/platform/contract/validation/schema-errors';

const error = (pointer: string, detail = 'is required') => ({ pointer, code: 'required' as const, detail });
const detailOf = (errors: ReturnType<typeof error>[], errors_omitted = 0, detail?: string) =>
  problemBody('validation-failed', 'id', { errors, errors_omitted, ...(detail && { detail }) }).detail;

describe('the detail of a validation problem', () => {
  test.each([
    ['/body/due_date', '`due_date` is required'],
    ['/query/limit', '`limit` is required'],
    ['/body/tags/0', '`tags[0]` is required'],
    ['/body/operations/1/task/title', '`operations[1].task.title` is required'],
    ['/body/a~1b~0', '`a/b~` is required'],
    ['/body/', '`` is required'],
    ['/body', 'The body is required'],
    ['/body/3', 'Row 3 is required'],
    ['/body/3/title', '`title` in row 3 is required'],
    ['/body/0', 'The header is required'],
    ['/body/0/title', '`title` in the header is required'],
  ])('names the location of the pointer %s', (pointer, detail) => {
    expect(detailOf([error(pointer)])).toBe(detail);
  });

  test('counts the other errors, including the omitted ones', () => {
    const first = error('/body/title');
    expect(detailOf([first, error('/body/id')])).toBe('`title` is required, and 1 more error');
    expect(detailOf([first], 1)).toBe('`title` is required, and 1 more error');
    expect(detailOf([first, error('/body/id')], 7)).toBe('`title` is required, and 8 more errors');
    const many = Array.from({ length: 250 }, (_, index) => error(`/body/${index}`));
    expect(detailOf([first, ...many], 7)).toBe('`title` is required, and 257 more errors');
  });

  test('comes after the detail of the handler', () => {
    expect(detailOf([error('/body/3/title')], 0, '1 of 3 rows have errors.')).toBe(
      '1 of 3 rows have errors. `title` in row 3 is required',
    );
  });

  test('has a bounded length for any names from the client', () => {
    expect(detailOf([error(`/body/${'\u{1f600}'.repeat(5_000)}`, 'x'.repeat(5_000))]).length).toBeLessThan(
      1_500,
    );
  });
});

const check = createCheck('TaskImport');

test.each([
  [{ title: '' }, '/title too-short must have at least 1 character'],
  [{ title: '\u0000'.repeat(201) }, '/title too-long must have at most 200 characters'],
  [{ title: 5 }, '/title wrong-type must be a string'],
  [{}, '/title required is required'],
  [{ title: 'x', colour: 1 }, '/colour unknown is not a known field'],
  [{ title: 'x', due_date: 'soon' }, '/due_date wrong-format must be a calendar date such as 2027-01-31'],
  [
    { title: 'x', due_date: '2026-02-30' },
    '/due_date wrong-format must be a calendar date such as 2027-01-31',
  ],
  [{ title: 'x', due_date: 5 }, '/due_date wrong-type must be a string or null'],
  [
    { title: 'x', status: 'done' },
    '/status not-allowed must be one of pending, in_progress, completed, cancelled, null',
  ],
  [{ title: 'x', repeat_from: {} }, '/repeat_from not-allowed must be one of schedule, completion, null'],
  [{ title: 'x', priority: 5 }, '/priority not-allowed must be one of low, medium, high, urgent, null'],
  [
    { title: 'x', completed_at: 'soon' },
    '/completed_at wrong-format must be a date and time with an offset such as 2026-11-21T09:30:00Z',
  ],
  [
    { title: 'x', reminders: [{ minutes_before_due: -1.5 }] },
    '/reminders/0/minutes_before_due wrong-type must be a whole number or null',
  ],
  [
    { title: 'x', reminders: [{ minutes_before_due: -1 }] },
    '/reminders/0/minutes_before_due too-small must be at least 0',
  ],
  [{ title: 'x', reminders: [{}] }, '/reminders/0 too-short must have at least 1 field'],
])('one wrong value gives one error, in words: %j', (value, expected) => {
  expect(check(value).map(({ pointer, code, detail }) => `${pointer} ${code} ${detail}`)).toEqual([expected]);
});

test('a union gives the error of the alternative that matches best', () => {
  const from = (keyword: string, pointer: string, detail: string) => ({ keyword, ...error(pointer, detail) });
  const isNull = from('type', '/body/data', 'must be null');
  const oneOf = from('oneOf', '/body/data', 'must match exactly one schema in oneOf');
  const inside = from('pattern', '/body/data/title', 'must be a title');
  const format = from('format', '/body/data', 'must be a date');

  expect(mostTelling([inside, isNull, oneOf])).toEqual([error('/body/data/title', 'must be a title')]);
  expect(mostTelling([isNull, format, oneOf])).toEqual([error('/body/data', 'must be a date')]);
  expect(mostTelling([isNull])).toEqual([error('/body/data', 'must be null')]);

  const object = from('type', '/body/data', 'must be an object');
  expect(mostTelling([object, isNull, oneOf])).toEqual([error('/body/data', 'must be an object or null')]);
});
