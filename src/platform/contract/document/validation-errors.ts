import type { ValidationError } from './operations';

/** The most validation errors that a problem lists. */
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

const isTooLong = ({ code }: ValidationError) => code === 'too-long';

/** Whether `pointers` contains the pointer or a pointer to a parent of it. */
function isWithin(pointers: ReadonlySet<string>, pointer: string): boolean {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    if (pointers.has(at)) return true;
  }
  return false;
}

/** Removes duplicate errors, and the other errors of a value that is too long. */
export function withoutDuplicates(errors: readonly ValidationError[]): ValidationError[] {
  const tooLong = new Set(errors.filter(isTooLong).map(({ pointer }) => pointer));
  const informative =
    tooLong.size === 0
      ? errors
      : errors.filter((each) => isTooLong(each) || !isWithin(tooLong, each.pointer));
  return [
    ...new Map(informative.map((each) => [`${each.pointer} ${each.code} ${each.detail}`, each])).values(),
  ];
}

/** Turns errors with pointers into a body into errors with pointers into the request. */
export function inBody(errors: readonly ValidationError[]): ValidationError[] {
  return errors.map((error) => ({ ...error, pointer: `/body${error.pointer}` }));
}
