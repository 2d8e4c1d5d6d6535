/**
 * The words of a text. They follow Unicode (UAX 29) and the service's own folding, not the locale of Postgres, so they
 * are the same on every machine.
 */

import { foldCase } from './case';

/** A word of a text, and its range in UTF-16 code units. */
export interface Word {
  /** The word after case folding, without diacritics. */
  readonly folded: string;
  readonly start: number;
  readonly end: number;
}

/** The version of the rules for search vectors. A new version indexes all tasks again. 0 means not indexed. */
export const searchVersion = 1;

// Created at first use, because most texts need no segmenter.
let segmenter: Intl.Segmenter | undefined;
// A Unicode word can have several parts: `example.com` is one word, but people search for `example`.
const part = /[\p{L}\p{N}\p{M}]+/gu;

// In texts with only these characters (most of Latin, Greek and Cyrillic), each run of letters is a word. Such texts
// need no segmenter, which is many times slower.
const plain =
  /^[\0-\u00b1\u00b4-\u00b8\u00ba\u00bb\u00bf-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u20ac]*$/;
const ascii = /^[\0-\x7f]*$/;

// Postgres allows lexemes up to 2 KB, positions up to 16383, and 255 positions for each lexeme.
const longestWord = 200;
const lastPosition = 16_383;
const positionsOfAWord = 255;

/** Removes compatibility forms (NFKD), diacritics and case: `Ǆ` and `ﬁ` become `dz` and `fi`. */
function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase().slice(0, longestWord);
  const bare = text.normalize('NFKD').replace(/\p{M}/gu, '');
  // Sigma has another form at the end of a word. The end of a query can be in the middle of a word, so both forms are equal.
  return Array.from(foldCase(bare).replaceAll('ς', 'σ')).slice(0, longestWord).join('');
}

/** The segments of a text that contain its words, each with its start. */
function* segmentsOf(text: string): Generator<[segment: string, start: number]> {
  if (plain.test(text)) return void (yield [text, 0]);
  segmenter ??= new Intl.Segmenter('und', { granularity: 'word' });
  for (const { segment, index, isWordLike } of segmenter.segment(text))
    if (isWordLike) yield [segment, index];
}

/** The words of a text, in order. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const [segment, from] of segmentsOf(text)) {
    for (const match of segment.matchAll(part)) {
      const folded = fold(match[0]);
      const start = from + match.index;
      if (folded !== '') words.push({ folded, start, end: start + match[0].length });
    }
  }
  return words;
}

/** The folded words of a query, each once. */
export function queryWords(text: string): string[] {
  return [...new Set(wordsOf(text).map(({ folded }) => folded))];
}

function quote(word: string): string {
  return `'${word.replace(/['\\]/g, '$&$&')}'`;
}

/** The words of a task in the text form of a `tsvector`. Words of the title have weight A, of the description D. */
export function searchVector(title: string, description: string | null): string {
  const positions = new Map<string, string[]>();
  const add = (words: readonly Word[], from: number, weight: 'A' | 'D') => {
    for (const [index, { folded }] of words.entries()) {
      const found = positions.get(folded) ?? [];
      const position = `${Math.min(from + index, lastPosition)}${weight}`;
      if (found.length < positionsOfAWord) found.push(position);
      positions.set(folded, found);
    }
  };
  const titleWords = wordsOf(title);
  add(titleWords, 1, 'A');
  // The gap separates the end of the title from the beginning of the description.
  add(wordsOf(description ?? ''), titleWords.length + 10, 'D');
  return [...positions].map(([word, found]) => `${quote(word)}:${found.join(',')}`).join(' ');
}

/** A `tsquery`, as text, for tasks that have a word with each of these prefixes. */
export function prefixQuery(words: readonly string[]): string {
  return words.map((word) => `${quote(word)}:*`).join(' & ');
}

/** A `tsquery`, as text, for tasks that have at least one word of each list. */
export function anyOfEach(lists: readonly (readonly string[])[]): string {
  return lists.map((words) => `(${words.map(quote).join(' | ')})`).join(' & ');
}
