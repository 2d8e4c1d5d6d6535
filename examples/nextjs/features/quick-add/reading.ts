/** What the words of a new task mean, and what of it the user has rejected. */
import type { Parsed, Piece, ReadWords } from '@/lib/tasklane';

/** The pieces that stay words, by kind and text, so that they stay rejected while the user goes on typing. */
export type Rejected = readonly string[];

export const keyOf = (kind: string, words: string): string => `${kind} ${words.toLowerCase()}`;

export interface Reading {
  readonly fields: Parsed['fields'];
  /** The pieces in the text as it was typed. */
  readonly pieces: readonly Piece[];
  readonly left: Parsed['left'];
  readonly language: Parsed['language'];
}

// Quotation marks keep words as they are. These two are rarely typed.
const [open, close] = ['“', '”'];

/** Reads a text. Rejected pieces are read as if they were quoted. */
export function readText(
  read: ReadWords,
  text: string,
  rejected: Rejected,
  options: { readonly timeZone: string; readonly projects: readonly string[] },
): Reading {
  const quoted: { start: number; end: number }[] = [];
  // Another piece can come to light where one was rejected.
  for (;;) {
    let whole = '';
    let from = 0;
    for (const { start, end } of [...quoted].sort((one, other) => one.start - other.start)) {
      whole += text.slice(from, start) + open + text.slice(start, end) + close;
      from = end;
    }
    whole += text.slice(from);
    const { fields, pieces, left, language } = read(whole, options);
    // Each quotation before an index adds one mark in front of it, and one behind.
    const inText = (index: number): number => {
      let at = index;
      for (const { start, end } of [...quoted].sort((one, other) => one.start - other.start)) {
        if (at > start) at--;
        if (at > end) at--;
      }
      return at;
    };
    const placed = <T extends { start: number; end: number }>(each: T): T => ({
      ...each,
      start: inText(each.start),
      end: inText(each.end),
    });
    const own = pieces.map(placed);
    const refused = own.find(
      ({ kind, start, end }) => kind !== 'literal' && rejected.includes(keyOf(kind, text.slice(start, end))),
    );
    if (!refused || quoted.length > 20) {
      return {
        fields,
        pieces: own.filter(({ kind }) => kind !== 'literal'),
        left: left.map(placed),
        language,
      };
    }
    quoted.push({ start: refused.start, end: refused.end });
  }
}
