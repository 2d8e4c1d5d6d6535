/**
 * The words of a text, by rules of the service: they depend neither on the locale of Postgres nor on dictionaries, so they
 * are the same on every machine.
 */
import { fold } from './fold';

/**
 * A word of a text, and its range in UTF-16 code units. In scripts that can have no spaces between words, each
 * character begins a word of two characters, so that every part of a text can be found.
 */
export interface Word {
  /** The folded word, and other forms of it, for example without an article. */
  readonly forms: readonly string[];
  /** True if the next word begins with the second character of this one. */
  readonly overlapsNext: boolean;
  readonly start: number;
  readonly end: number;
}

/** A word of a query. */
export interface Term {
  /** Words in the folded form. */
  readonly words: readonly string[];
  /**
   * True if a text must have all the words, one directly after another, the last as a prefix. False if it must have one
   * of them as a prefix.
   */
  readonly isPhrase: boolean;
}

/**
 * The version of the rules for search vectors. A new version indexes all tasks again; the condition of the index
 * `tasks_to_index` then needs it too. 0 means not indexed.
 */
export const searchVersion = 3;

// Postgres allows lexemes up to 2 KB, positions up to 16383, and 255 positions for each lexeme.
const longestWord = 200;
const lastPosition = 16_383;
const positionsOfAWord = 255;

const asciiText = /^[\0-\x7f]*$/;
const asciiWord = /[a-z0-9]+/gi;

// A run of letters, digits and marks; or emoji that are shown as one: a flag, or pictures that are joined (U+200D), with
// their variants and skin tones.
const part =
  /(?<letters>[\p{L}\p{N}\p{M}]+)|\p{Regional_Indicator}{2}|\p{Extended_Pictographic}[\ufe0e\ufe0f\u{1f3fb}-\u{1f3ff}]*(?:\u200d\p{Extended_Pictographic}[\ufe0e\ufe0f\u{1f3fb}-\u{1f3ff}]*)*/gu;
// In such a run: letters of scripts whose words are not separated by spaces, or are often joined (Hangul).
const joined =
  /(?!\p{M})[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}][\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}\p{M}]*/gu;
// One of these letters with its marks, or a syllable of conjoining jamo.
const character = /(?:[\u1100-\u115f][\u1160-\u11a7]*[\u11a8-\u11ff]*|.)[\p{M}\uff9e\uff9f]*/gsu;
const variants = /[\ufe0e\ufe0f\u{1f3fb}-\u{1f3ff}]/gu;

// The Arabic article, alone or after a particle of one letter. What remains must be a word.
const article = /^(?:[وفبك]?ال|لل)(?=\p{Script=Arabic}{2})/u;

function cut(text: string): string {
  return text.length <= longestWord ? text : Array.from(text).slice(0, longestWord).join('');
}

function plainWord(text: string, start: number): Word {
  const folded = cut(fold(text));
  const bare = folded.replace(article, '');
  const forms = bare === folded ? [folded] : [folded, bare];
  return { forms, overlapsNext: false, start, end: start + text.length };
}

function* joinedWords(text: string, start: number): Generator<Word> {
  const characters = Array.from(text.matchAll(character), (match) => ({
    folded: fold(match[0]),
    start: start + match.index,
    end: start + match.index + match[0].length,
  }));
  for (const [index, { folded, ...range }] of characters.entries()) {
    const next = characters[index + 1];
    yield { forms: [cut(folded + (next?.folded ?? ''))], overlapsNext: next !== undefined, ...range };
  }
}

/** The words of a run of letters. */
function* wordsOfLetters(letters: string, start: number): Generator<Word> {
  let from = 0;
  for (const { 0: found, index } of letters.matchAll(joined)) {
    if (from < index) yield plainWord(letters.slice(from, index), start + from);
    yield* joinedWords(found, start + index);
    from = index + found.length;
  }
  if (from < letters.length) yield plainWord(letters.slice(from), start + from);
}

/** The words of a text, in order. */
export function wordsOf(text: string): Word[] {
  if (asciiText.test(text)) {
    return Array.from(text.matchAll(asciiWord), ({ 0: found, index }) => ({
      forms: [cut(found.toLowerCase())],
      overlapsNext: false,
      start: index,
      end: index + found.length,
    }));
  }
  const words: Word[] = [];
  for (const { 0: found, index, groups } of text.matchAll(part)) {
    if (groups?.letters) words.push(...wordsOfLetters(found, index));
    else {
      const range = { start: index, end: index + found.length };
      words.push({ forms: [found.replace(variants, '')], overlapsNext: false, ...range });
    }
  }
  return words.filter(({ forms: [folded] }) => folded !== '');
}

/** The words of a query, each once. */
export function termsOf(text: string): Term[] {
  const terms = new Map<string, Term>();
  let phrase: string[] = [];
  const add = (term: Term) => terms.set(term.words.join(' '), term);
  for (const { forms, overlapsNext } of wordsOf(text)) {
    if (overlapsNext) {
      phrase.push(...forms);
    } else if (phrase.length > 0) {
      // The last character is part of the word before.
      add({ words: phrase, isPhrase: true });
      phrase = [];
    } else {
      add({ words: forms, isPhrase: false });
    }
  }
  return [...terms.values()];
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '$&$&')}'`;
}

/** A link of a task. */
interface LinkText {
  readonly url: string;
  readonly title: string | null;
}

// Links can have long titles and addresses. So that the index of a task stays small, it has only their first words.
const wordsOfLinkTitle = 50;
const wordsOfAddress = 20;

/** An address without its scheme, with percent-encoded characters decoded. */
function readableAddress(url: string): string {
  const address = url.replace(/^(?:https?:\/\/(?:www\.)?|mailto:)/i, '');
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

function wordsOfLink({ url, title }: LinkText): Word[] {
  return [
    ...wordsOf(title ?? '').slice(0, wordsOfLinkTitle),
    ...wordsOf(readableAddress(url)).slice(0, wordsOfAddress),
  ];
}

// The distance between the words of two texts, so that no phrase reaches from one into the other.
const gap = 10;

/** The words of a task in the text form of a `tsvector`. Words of the title have weight A, all others D. */
export function searchVector(title: string, description: string | null, links: readonly LinkText[]): string {
  const positions = new Map<string, string[]>();
  const add = (words: readonly Word[], from: number, weight: 'A' | 'D') => {
    for (const [index, { forms }] of words.entries()) {
      const position = `${Math.min(from + index, lastPosition)}${weight}`;
      for (const form of forms) {
        const found = positions.get(form) ?? [];
        if (found.length < positionsOfAWord) found.push(position);
        positions.set(form, found);
      }
    }
  };
  const titleWords = wordsOf(title);
  add(titleWords, 1, 'A');
  let next = titleWords.length + gap;
  for (const words of [wordsOf(description ?? ''), ...links.map(wordsOfLink)]) {
    add(words, next, 'D');
    next += words.length + gap;
  }
  return [...positions].map(([form, found]) => `${quote(form)}:${found.join(',')}`).join(' ');
}

/** The part of a `tsquery` for a term. */
function exactly({ words, isPhrase }: Term): string {
  if (!isPhrase) return `(${words.map((each) => `${quote(each)}:*`).join(' | ')})`;
  return `(${words.map(quote).join(' <-> ')}:*)`;
}

/** A `tsquery`, as text, for tasks that have each of these terms. */
export function prefixQuery(terms: readonly Term[]): string {
  return terms.map(exactly).join(' & ');
}

/**
 * A `tsquery`, as text, for tasks that have a word that is similar to each of these terms. `near` has the similar words of
 * each term. Phrases must occur exactly.
 */
export function nearQuery(terms: readonly Term[], near: readonly (readonly string[])[]): string {
  return terms
    .map((term, index) => (term.isPhrase ? exactly(term) : `(${near[index]?.map(quote).join(' | ')})`))
    .join(' & ');
}
