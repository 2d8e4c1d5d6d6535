/** What JSON text may not be, since it would take far more memory than its bytes. */

const maxDepth = 64;
// Empty ones by the million would take thirty times their text in memory; what people send has words in it.
const bytesPerList = 16;
const fewLists = 20_000;

/** How deep JSON text nests, and how many lists and objects it has; brackets inside of strings don't count. */
export interface JsonShape {
  deepest: number;
  lists: number;
}

/** @throws if the text nests too deep. */
export function assertFlat({ deepest }: JsonShape): void {
  if (deepest > maxDepth) throw new Error('The body nests too deep.');
}

/** @throws if text of so many bytes is mostly empty lists and objects. */
export function assertFilled({ lists }: JsonShape, bytes: number): void {
  if (lists > Math.max(fewLists, bytes / bytesPerList)) throw new Error('The body is hollow.');
}
