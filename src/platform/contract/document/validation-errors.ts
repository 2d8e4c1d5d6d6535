import type { ValidationError } from './operations';

/** How many faults an answer lists. */
export const maxErrors = 100;

// As the contract has them, in UTF-16 code units.
const maxPointer = 300;
const maxDetail = 1_000;

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;
}

/** A fault as it is told: names that the client chose are cut. */
export function bounded({ pointer, code, detail }: ValidationError): ValidationError {
  return { pointer: shortened(pointer, maxPointer), code, detail: shortened(detail, maxDetail) };
}

/** The reference tokens of a JSON pointer (RFC 6901). */
function tokensOf(pointer: string): string[] {
  const tokens = pointer.split('/').slice(1);
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const isIndex = (token: string) => /^\d+$/.test(token);

/**
 * What a pointer leads to, in words: "`due_date`", "`operations[1].task.title`", "The body"; in a CSV or iCalendar file
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

/** The first of a request's errors as a sentence, and how many more there are: what `detail` of the problem says. */
export function summaryOf(
  [first, ...others]: readonly ValidationError[],
  omitted: number,
): string | undefined {
  if (!first) return undefined;
  const { pointer, detail } = bounded(first);
  const more = others.length + omitted;
  const and = more === 0 ? '' : `, and ${more} more ${more === 1 ? 'error' : 'errors'}`;
  return `${subjectOf(pointer)} ${detail}${and}`;
}

/** Faults of a body, found by a handler, with pointers into the request. */
export function inBody(faults: readonly ValidationError[]): ValidationError[] {
  return faults.map((fault) => ({ ...fault, pointer: `/body${fault.pointer}` }));
}
