import { wordsOf } from './words';

/** The range of a match in a text: `[start, end]` in UTF-16 code units, the end excluded. */
export type Range = [start: number, end: number];

const rangesOfAText = 20;

/** The ranges of the first words of a text that match, at most 20. */
export function rangesIn(text: string | null, matches: (folded: string) => boolean): Range[] {
  if (text === null) return [];
  const found = wordsOf(text).filter(({ folded }) => matches(folded));
  return found.slice(0, rangesOfAText).map(({ start, end }): Range => [start, end]);
}
