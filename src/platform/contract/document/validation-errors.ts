import type { ValidationError } from './operations';

/** The maximum number of validation errors that a problem lists. */
export const maxErrors = 100;

// The limits of the contract, in UTF-16 code units.
const maxPointer = 300;
const maxDetail = 1_000;

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;
}

/** Shortens the pointer and the detail, which may contain names that the client chose. */
export function shortenError({ pointer, code, detail }: ValidationError): ValidationError {
  return { pointer: shortened(pointer, maxPointer), code, detail: shortened(detail, maxDetail) };
}

/** The reference tokens of a JSON pointer (RFC 6901). */
function tokensOf(pointer: string): string[] {
  const tokens = pointer.split('/').slice(1);
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const isIndex = (token: string) => /^\d+$/.test(token);

/**
 * The location that a pointer names, in words: "`due_date`", "`operations[1].task.title`", "The body"; in a CSV or iCalendar file
 * "`title` in row 3", where row 0 is the header.
 */
function subjectOf(pointer: string): string {
  const [part = '', first, ...rest] = tokensOf(pointer);
  if (first === undefined) return `The ${part === 'headers' ? 'header' : part}`;
  if (!isIndex(first)) {
    return `\`${first}${rest.map((token) => (isIndex(token) ? `[${token}]` : `.${token}`)).join('')}\``;
  }
  if (rest.length === 0) return first === '0' ? 'The header' : `Row ${first}`;
  return `\`${rest.join('.')}\` in ${first === '0' ? 'the header' : `row ${first}`}`;
}

/** The `detail` of a problem: the first of a request's errors as a sentence, and the number of further errors. */
export function summaryOf(
  [first, ...others]: readonly ValidationError[],
  omitted: number,
): string | undefined {
  if (!first) return undefined;
  const { pointer, detail } = shortenError(first);
  const more = others.length + omitted;
  const and = more === 0 ? '' : `, and ${more} more ${more === 1 ? 'error' : 'errors'}`;
  return `${subjectOf(pointer)} ${detail}${and}`;
}

/** Turns errors with pointers into a body into errors with pointers into the request. */
export function inBody(errors: readonly ValidationError[]): ValidationError[] {
  return errors.map((error) => ({ ...error, pointer: `/body${error.pointer}` }));
}
