/** This file was generated from src/domain/words/tokens.ts by npm run generate. Do not change it. */
/** Splits a text into words, numbers and marks. */
import type { Span } from './types.js';

export interface Token extends Span {
  /** In lower case, with German umlauts as two letters. A piece that was read already is an empty token. */
  readonly text: string;
  /** True if white space, an opening bracket or the beginning of the text is before it. */
  readonly isFree: boolean;
}

// A hyphen or an apostrophe between letters belongs to the word, so that "sun-dried" and "today's" have no dates.
const token = /\d+|\p{L}(?:[\p{L}\p{M}\d_]|[-'’](?=\p{L}))*|\S/gu;

const umlauts: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss', '’': "'" };

function normalize(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[äöüß’]/g, (letter) => umlauts[letter] as string);
}

/** The tokens of a text. Each range in `taken`, which are in order and apart, is one empty token. */
export function tokenize(text: string, taken: readonly Span[]): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  const push = (start: number, next: number, value: string) => {
    const isFree = start > end || start === 0 || /[([{]/.test(text[start - 1] as string);
    tokens.push({ text: value, start, end: next, isFree });
    end = next;
  };
  const read = (from: number, to: number) => {
    for (const match of text.slice(from, to).matchAll(token)) {
      const start = from + match.index;
      push(start, start + match[0].length, normalize(match[0]));
    }
  };
  let from = 0;
  for (const span of taken) {
    read(from, span.start);
    push(span.start, span.end, '');
    from = span.end;
  }
  read(from, text.length);
  return tokens;
}
