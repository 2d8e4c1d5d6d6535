/** This file was generated from src/domain/words/vocabulary.ts by npm run generate. Do not change it. */
/** The words of a language. All are in the form of tokens: lower case, with German umlauts as two letters. */
import type { RuleParts } from './rule.js';

/** Phrases by their first word, the longest first. */
export type Phrases<T = true> = Readonly<
  Record<string, readonly { readonly words: readonly string[]; readonly value: T }[]>
>;

export type Unit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

/** A part of the day: its usual time in minutes, and whether its hours up to 12 are after noon. */
export interface Part {
  readonly minutes: number;
  readonly isAfternoon: boolean;
}

export interface Vocabulary {
  /** Before a date, and part of it. */
  readonly on: Phrases;
  readonly the: Phrases;
  /** Days from today. */
  readonly days: Phrases<number>;
  /** Times of today. */
  readonly tonight: Phrases<number>;
  /** Dates that are past. */
  readonly past: Phrases;
  readonly next: Phrases;
  readonly this: Phrases;
  readonly last: Phrases;
  readonly in: Phrases;
  /** Before and after a distance that is past. */
  readonly before: Phrases;
  readonly ago: Phrases;
  /** Words that make a date something else than a due date. */
  readonly relations: readonly string[];
  readonly numbers: Readonly<Record<string, number>>;
  readonly ordinals: Readonly<Record<string, number>>;
  readonly ordinalSuffixes: readonly string[];
  readonly units: Readonly<Record<string, Unit>>;
  /** 0 for Monday. */
  readonly weekdays: Readonly<Record<string, number>>;
  /** Weekdays that are also other words: they count only after a preposition, or in a rule. */
  readonly shortWeekdays: Readonly<Record<string, number>>;
  /** Those of them that are reported when they stand alone, as all months are. */
  readonly ambiguous: readonly string[];
  readonly pluralWeekdays: Readonly<Record<string, number>>;
  readonly months: Readonly<Record<string, number>>;
  readonly of: Phrases;
  readonly weekend: Phrases;
  readonly monthEnd: Phrases;
  readonly at: Phrases;
  /** After an hour: whether it is after noon, or null if the word does not say. */
  readonly hourSuffixes: Phrases<boolean | null>;
  /** Before an hour: the minutes from it. */
  readonly offsets: Phrases<number>;
  readonly noon: Phrases;
  readonly parts: Phrases<Part>;
  /** Parts of the day that count only after a day, such as `tomorrow morning`. */
  readonly partsOfDays: Phrases<Part>;
  /** Nouns after a number that is no hour. */
  readonly quantities: readonly string[];
  /** True if `1/2/2027` is 2 January. */
  readonly monthFirst: boolean;

  readonly every: Phrases;
  readonly other: Phrases;
  readonly workday: Phrases;
  readonly and: readonly string[];
  readonly or: readonly string[];
  /** Between the ends of a range. */
  readonly to: readonly string[];
  readonly ofMonth: Phrases;
  readonly lastDay: Phrases;
  readonly inRule: Phrases;
  readonly from: Phrases;
  readonly until: Phrases;
  readonly for: Phrases;
  readonly times: Phrases;
  /** Rules in one word. */
  readonly adverbs: Phrases<RuleParts>;
  /** True if the adverbs are adjectives too, so that they count only at the end. */
  readonly adverbsAtEnd: boolean;
}

/** A table of phrases, from phrases with their values. */
export function valued<T>(entries: readonly (readonly [phrases: string, value: T])[]): Phrases<T> {
  const table: Record<string, { words: string[]; value: T }[]> = {};
  for (const [phrases, value] of entries) {
    for (const phrase of phrases.split('|')) {
      const words = phrase.split(' ');
      const first = words[0] as string;
      table[first] ??= [];
      table[first].push({ words, value });
    }
  }
  for (const list of Object.values(table)) list.sort((one, other) => other.words.length - one.words.length);
  return table;
}

/** A table of phrases, which `|` separates. */
export function phrases(text: string): Phrases {
  return valued(text === '' ? [] : [[text, true]]);
}

/** A table of words: each group has the value of its place, from `first` on. */
export function numbered(first: number, text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(' ').flatMap((group, index) => group.split('|').map((word) => [word, first + index])),
  );
}

/** A table of words with the same value in each group. */
export function named<T extends string>(groups: Readonly<Record<T, string>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries<string>(groups).flatMap(([value, words]) =>
      words.split(' ').map((word) => [word, value as T]),
    ),
  );
}
