/** This file was generated from src/domain/words/scan.ts by npm run generate. Do not change it. */
/** Reads tokens: words, phrases and numbers at an index. The readers return undefined if nothing matches. */
import type { Token } from './tokens.js';
import type { Moment } from './types.js';
import type { Phrases, Vocabulary } from './vocabulary.js';

/** The tokens of a text, and what is needed to understand them. */
export interface Scan {
  readonly tokens: readonly Token[];
  readonly words: Vocabulary;
  readonly now: Moment;
  /** The local time some minutes later. */
  later(minutes: number): Moment;
}

/** A value, and the index after its last token. */
export interface Read<T> {
  readonly value: T;
  readonly end: number;
}

/** The text of a token; undefined after the last one. */
export function textAt({ tokens }: Scan, index: number): string | undefined {
  return tokens[index]?.text;
}

/** True if nothing separates a token from the one before it. */
export function isJoined({ tokens }: Scan, index: number): boolean {
  const token = tokens[index];
  return token !== undefined && index > 0 && token.start === tokens[index - 1]?.end;
}

/** The value of a word. */
export function lookUp<T>(table: Readonly<Record<string, T>>, word: string | undefined): T | undefined {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}

/** The longest phrase of a table at an index, and its value. */
export function readPhrase<T>(scan: Scan, phrases: Phrases<T>, index: number): Read<T> | undefined {
  const candidates = lookUp(phrases, textAt(scan, index)) ?? [];
  for (const { words, value } of candidates) {
    if (words.every((word, offset) => textAt(scan, index + offset) === word)) {
      return { value, end: index + words.length };
    }
  }
  return undefined;
}

/** The index after a phrase, or the same index if there is none. */
export function skip(scan: Scan, phrases: Phrases<unknown>, index: number): number {
  return readPhrase(scan, phrases, index)?.end ?? index;
}

/** A whole number in digits. */
export function readDigits(scan: Scan, index: number, maxLength: number): number | undefined {
  const text = textAt(scan, index) ?? '';
  return text.length <= maxLength && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** A number in digits or as a word. */
export function readNumber(scan: Scan, index: number): number | undefined {
  return readDigits(scan, index, 4) ?? lookUp(scan.words.numbers, textAt(scan, index));
}

/** A number such as `3rd`, or `3.` in German. */
export function readOrdinalDigits(scan: Scan, index: number): Read<number> | undefined {
  const value = readDigits(scan, index, 2);
  const suffix = textAt(scan, index + 1);
  if (
    value === undefined ||
    !isJoined(scan, index + 1) ||
    !scan.words.ordinalSuffixes.includes(suffix ?? '')
  ) {
    return undefined;
  }
  return { value, end: index + 2 };
}

/** A number such as `3rd` or `third`; `last` is -1. */
export function readOrdinal(scan: Scan, index: number): Read<number> | undefined {
  const word = lookUp(scan.words.ordinals, textAt(scan, index));
  return word === undefined ? readOrdinalDigits(scan, index) : { value: word, end: index + 1 };
}

/** True if a piece can end before this index: a space, the end of the text or a mark of punctuation follows. */
export function isBoundary(scan: Scan, index: number): boolean {
  const next = textAt(scan, index);
  if (next === undefined || next === '' || !isJoined(scan, index)) return true;
  return /^[.,;:!?)\]}]$/.test(next) && !isJoined(scan, index + 1);
}

/** True if the text, or its part before the next sign, ends here. */
export function isLast(scan: Scan, index: number): boolean {
  const next = textAt(scan, index);
  return next === undefined || next === '' || (/^[.,;!?)]$/.test(next) && isLast(scan, index + 1));
}

/** True if the word at an index makes a quantity of the number before it. */
export function isQuantity(scan: Scan, index: number): boolean {
  const word = textAt(scan, index);
  return lookUp(scan.words.units, word) !== undefined || scan.words.quantities.includes(word ?? '');
}
