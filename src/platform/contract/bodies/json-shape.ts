/** Limits for JSON text that would take far more memory than it has bytes. */

const maxDepth = 64;
// Millions of empty arrays would take thirty times the memory of their text. Real documents have text in them.
const bytesPerList = 16;
const fewLists = 20_000;

/** The depth of nesting of a JSON text, and the number of its arrays and objects. Brackets inside strings do not count. */
export interface JsonShape {
  deepest: number;
  lists: number;
}

/** @throws if the text has more than 64 levels of nesting */
export function assertNotTooDeep({ deepest }: JsonShape): void {
  if (deepest > maxDepth) throw new Error('The body has too many levels of nesting.');
}

/** @throws if the text, of `bytes` bytes, consists mostly of empty arrays and objects */
export function assertNotMostlyEmpty({ lists }: JsonShape, bytes: number): void {
  if (lists > Math.max(fewLists, bytes / bytesPerList))
    throw new Error('The body consists mostly of empty arrays and objects.');
}
