/**
 * What words a text has, the same on every machine: by Unicode's rules (UAX 29) and the service's own folding, not by
 * Postgres' locale.
 */

import { foldCase } from './case';

/** A word of a text, and where it is there, in code units. */
export interface Word {
  /** Without diacritics and case. */
  readonly folded: string;
  readonly start: number;
  readonly end: number;
}

/** By which rules vectors are made; another number has all of them made anew. 0 is for none. */
export const searchVersion = 1;

const segmenter = new Intl.Segmenter('und', { granularity: 'word' });
// A word as Unicode has it may hold more: `example.com` is one, and people look for `example`.
const part = /[\p{L}\p{N}\p{M}]+/gu;

// Of these characters, most of Latin, Greek and Cyrillic, no word comes apart or is none: each run of letters is one, which
// is found many times faster without the segmenter.
const plain =
  /^[\0-\u00b1\u00b4-\u00b8\u00ba\u00bb\u00bf-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u20ac]*$/;
const ascii = /^[\0-\x7f]*$/;

// Postgres takes lexemes of up to 2 KB, positions up to 16383, and 255 of them for each lexeme.
const longestWord = 200;
const lastPosition = 16_383;
const positionsOfAWord = 255;

/** Compatible forms, without diacritics (NFKD) and case: `Ǆ` and `ﬁ` are `dz` and `fi`. */
function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase().slice(0, longestWord);
  const bare = text.normalize('NFKD').replace(/\p{M}/gu, '');
  // A sigma has another form at the end of a word, which may be the middle of another.
  return Array.from(foldCase(bare).replaceAll('ς', 'σ')).slice(0, longestWord).join('');
}

/** Parts of a text outside of which there are no words, each with where it begins. */
function* segmentsOf(text: string): Generator<[segment: string, start: number]> {
  if (plain.test(text)) return void (yield [text, 0]);
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

/** The words that a query asks for, each once. */
export function queryWords(text: string): string[] {
  return [...new Set(wordsOf(text).map(({ folded }) => folded))];
}

function quote(word: string): string {
  return `'${word.replace(/['\\]/g, '$&$&')}'`;
}

/** The words of a task as Postgres writes a `tsvector`; those of its title weigh A, those of its description D. */
export function searchVector(title: string, description: string | null): string {
  const places = new Map<string, string[]>();
  const add = (words: readonly Word[], from: number, weight: 'A' | 'D') => {
    for (const [index, { folded }] of words.entries()) {
      const found = places.get(folded) ?? [];
      const place = `${Math.min(from + index, lastPosition)}${weight}`;
      if (found.length < positionsOfAWord) found.push(place);
      places.set(folded, found);
    }
  };
  const titleWords = wordsOf(title);
  add(titleWords, 1, 'A');
  // A gap, so that the end of the title is not next to the beginning of the description.
  add(wordsOf(description ?? ''), titleWords.length + 10, 'D');
  return [...places].map(([word, found]) => `${quote(word)}:${found.join(',')}`).join(' ');
}

/** The query for tasks that have, for each of these words, one that begins with it; as Postgres writes a `tsquery`. */
export function prefixQuery(words: readonly string[]): string {
  return words.map((word) => `${quote(word)}:*`).join(' & ');
}

/** The query for tasks that have, of each of these lists of words, one; as Postgres writes a `tsquery`. */
export function anyOfEach(lists: readonly (readonly string[])[]): string {
  return lists.map((words) => `(${words.map(quote).join(' | ')})`).join(' & ');
}
