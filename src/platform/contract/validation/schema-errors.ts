/** Turns the errors of Ajv into validation errors: in plain words, and one for each wrong value. */
import type { ValidationError } from '../document/operations';
import { formatDetail } from './formats';

/** A validation error, and the keyword of JSON Schema that it comes from; none where no schema reports it. */
export interface SchemaError extends ValidationError {
  readonly keyword?: string;
}

const types: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
};

const comparisons: Readonly<Record<string, string>> = {
  '>=': 'at least',
  '<=': 'at most',
  '>': 'more than',
  '<': 'less than',
};

const things: Readonly<Record<string, string>> = {
  characters: 'character',
  items: 'item',
  properties: 'field',
};

function typeDetail(names: string): string {
  return `must be ${names
    .split(',')
    .map((name) => types[name] ?? name)
    .join(' or ')}`;
}

// The validator joins the values with commas, and writes null as nothing.
function enumDetail(values: string): string {
  const all = values.split(', ').map((value) => (value === '' ? 'null' : value));
  return all.length === 1 ? `must be ${all[0]}` : `must be one of ${all.join(', ')}`;
}

function lengthDetail(which: string, count: string, unit: string): string {
  const most = which === 'more' ? 'at most' : 'at least';
  return `must have ${most} ${count} ${things[unit]}${count === '1' ? '' : 's'}`;
}

// Ajv's messages, and the texts that replace them.
const wordings: readonly (readonly [message: RegExp, detail: (...groups: string[]) => string | undefined])[] =
  [
    [/^must be equal to one of the allowed values: (.*)$/s, enumDetail],
    [/^must match format "(.*)"$/, formatDetail],
    [/^must be ([<>]=?) (.+)$/, (sign = '', limit = '') => `must be ${comparisons[sign]} ${limit}`],
    [/^must NOT have (fewer|more) than (\d+) (\w+)$/, lengthDetail],
    [
      /^must NOT have duplicate items \(items ## (\d+) and (\d+) are identical\)$/,
      (first, second) => `must not have the same item twice (items ${first} and ${second} are the same)`,
    ],
  ];

/**
 * Puts a message of Ajv into words that complete a sentence which begins with the field.
 * @param descriptions what the contract says about its patterns
 */
export function wording(keyword: string, message: string, descriptions: ReadonlyMap<string, string>): string {
  if (keyword === 'required') return 'is required';
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties')
    return 'is not a known field';
  if (keyword === 'type') return typeDetail(message.replace(/^must be /, ''));
  if (keyword === 'pattern') {
    return descriptions.get(message.slice('must match pattern "'.length, -1)) ?? message;
  }
  for (const [pattern, detail] of wordings) {
    const [, ...groups] = pattern.exec(message) ?? [];
    if (groups.length > 0) return detail(...groups) ?? message;
  }
  return message;
}

// If a value has several errors, the error whose keyword comes first is reported: the keywords in `first`, then all others,
// then those in `last`.
const first = ['maxLength', 'maxItems', 'maxProperties', 'enum', 'const', 'type', 'minLength', 'pattern'];
const last = ['anyOf', 'oneOf', 'if'];

// The error of the alternative `null` in a union. It does not help if the value matches another alternative better.
const isNullAlternative = ({ keyword, detail }: SchemaError) =>
  keyword === 'type' && detail === 'must be null';

function rank(error: SchemaError): number {
  const { keyword } = error;
  if (keyword === undefined) return -1;
  if (isNullAlternative(error)) return first.length + 1;
  if (last.includes(keyword)) return first.length + 2 + last.indexOf(keyword);
  const index = first.indexOf(keyword);
  return index === -1 ? first.length : index;
}

/** The detail of an error of a value that can also be null. */
function orNull({ keyword = '', detail }: SchemaError): string {
  if (keyword === 'enum') return `${detail}, null`;
  return keyword === 'type' && detail !== 'must be null' ? `${detail} or null` : detail;
}

/** The pointers to the objects and arrays around a value, the innermost first. */
function pointersAbove(pointer: string): string[] {
  const above: string[] = [];
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    above.push(pointer.slice(0, end));
  }
  return above;
}

/**
 * Returns one error for each wrong value. For a value that is too long, only that error is returned, and no error inside of
 * it. If a value matches no alternative of a union, only the errors inside of it are returned, if there are any.
 */
export function mostTelling(errors: readonly SchemaError[]): ValidationError[] {
  const told = new Map<string, SchemaError>();
  for (const error of errors) {
    const other = told.get(error.pointer);
    if (!other || rank(error) < rank(other)) told.set(error.pointer, error);
  }
  const nullable = new Set(errors.filter(isNullAlternative).map(({ pointer }) => pointer));
  const withErrorsInside = new Set([...told.keys()].flatMap(pointersAbove));
  const isHidden = (error: SchemaError) =>
    (rank(error) > first.length && withErrorsInside.has(error.pointer)) ||
    pointersAbove(error.pointer).some((outer) => told.get(outer)?.code === 'too-long');
  return [...told.values()]
    .filter((error) => !isHidden(error))
    .map((error) => {
      const { pointer, code, detail } = error;
      return { pointer, code, detail: nullable.has(pointer) ? orNull(error) : detail };
    });
}
