import type { ValidationError } from './operations';

/** Faults of a body, found by a handler, with pointers into the request. */
export function inBody(faults: readonly ValidationError[]): ValidationError[] {
  return faults.map((fault) => ({ ...fault, pointer: `/body${fault.pointer}` }));
}
