import { wordsOf } from './words';

/** Where a text holds what was looked for: `[start, end]` in code units, the end excluded. */
export type Range = [start: number, end: number];

const rangesOfAText = 20;

/** The first words of a text that match. */
export function rangesIn(text: string | null, matches: (folded: string) => boolean): Range[] {
  if (text === null) return [];
  const found = wordsOf(text).filter(({ folded }) => matches(folded));
  return found.slice(0, rangesOfAText).map(({ start, end }): Range => [start, end]);
}
