/** Limits for JSON text that would take far more memory than it has bytes. */

const maxDepth = 64;
// Millions of empty arrays would take thirty times the memory of their text. Real documents have text in them.
const bytesPerList = 16;
const fewLists = 20_000;

/** How deep JSON text nests, and how many arrays and objects it has. Brackets inside strings do not count. */
export interface JsonShape {
  deepest: number;
  lists: number;
}

/** @throws if the text nests deeper than 64 levels */
export function assertNotTooDeep({ deepest }: JsonShape): void {
  if (deepest > maxDepth) throw new Error('The body nests too deep.');
}

/** @throws if the text, of `bytes` bytes, consists mostly of empty arrays and objects */
export function assertNotHollow({ lists }: JsonShape, bytes: number): void {
  if (lists > Math.max(fewLists, bytes / bytesPerList)) throw new Error('The body is hollow.');
}
