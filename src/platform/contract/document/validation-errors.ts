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

const isTooLong = ({ code }: ValidationError) => code === 'too-long';

/** Whether one of the pointers leads to the same place, or to one above it. */
function isWithin(pointers: ReadonlySet<string>, pointer: string): boolean {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    if (pointers.has(at)) return true;
  }
  return false;
}

/** Each fault once; a value that is too long has no other fault. */
export function distinct(errors: readonly ValidationError[]): ValidationError[] {
  const tooLong = new Set(errors.filter(isTooLong).map(({ pointer }) => pointer));
  const telling =
    tooLong.size === 0
      ? errors
      : errors.filter((each) => isTooLong(each) || !isWithin(tooLong, each.pointer));
  return [...new Map(telling.map((each) => [`${each.pointer} ${each.code} ${each.detail}`, each])).values()];
}

/** Faults of a body, found by a handler, with pointers into the request. */
export function inBody(errors: readonly ValidationError[]): ValidationError[] {
  return errors.map((error) => ({ ...error, pointer: `/body${error.pointer}` }));
}
