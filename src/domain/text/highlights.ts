import { type Term, type Word, wordsOf } from './words';

/** The range of a match in a text: `[start, end]` in UTF-16 code units, the end excluded. */
export type Range = [start: number, end: number];

const rangesOfAText = 20;

/** The number of words from `index` on that a term covers; 0 if it does not begin there. */
function lengthAt(
  words: readonly Word[],
  index: number,
  term: Term,
  near: ReadonlySet<string> | null,
): number {
  const forms = words[index]?.forms ?? [];
  if (!term.isPhrase) {
    const isFound = near
      ? forms.some((form) => near.has(form))
      : forms.some((form) => term.words.some((each) => form.startsWith(each)));
    return isFound ? 1 : 0;
  }
  const isFound = term.words.every((each, offset) => {
    const form = words[index + offset]?.forms[0];
    return offset === term.words.length - 1 ? form?.startsWith(each) : form === each;
  });
  // Each word of a phrase has the first character of the next word.
  return isFound ? term.words.length + 1 : 0;
}

/**
 * The ranges of the first matches in a text, at most 20.
 * @param near the words that match in a typo-tolerant search; null for an exact search
 */
export function rangesIn(
  text: string | null,
  terms: readonly Term[],
  near: ReadonlySet<string> | null,
): Range[] {
  if (text === null) return [];
  const words = wordsOf(text);
  const ranges: Range[] = [];
  for (let index = 0; index < words.length && ranges.length < rangesOfAText; ) {
    const length = Math.max(0, ...terms.map((term) => lengthAt(words, index, term, near)));
    const [first, last] = [words[index], words[index + length - 1]];
    if (length > 0 && first && last) ranges.push([first.start, last.end]);
    index += Math.max(1, length);
  }
  return ranges;
}
