/** This file was generated from src/domain/words/index.ts by npm run generate. Do not change it. */
/**
 * Quick tasks: reads a sentence such as `Pay rent every 1st at 9 #home !30m p1`. English and German have a grammar of
 * their own; other languages have the finders of chrono-node.
 */
import { toDay } from './day-number.js';
import { assemble } from './assemble.js';
import { de } from './de.js';
import { en } from './en.js';
import { loadFinder } from './finders.js';
import { type Findings, findWith, findWithGrammar } from './parse.js';
import { readSigns } from './signs.js';
import {
  type AnyLanguage,
  type Context,
  type Finder,
  type Language,
  languages,
  type Moment,
  type Parsed,
  type Parser,
  type Span,
} from './types.js';

export { sayRule } from './say.js';
export * from './types.js';

/** The most UTF-16 code units of a text. */
export const maxLength = 1000;

const vocabularies = { en, de };

function toMoment(local: string): Moment {
  const [date = '', time = ''] = local.split('T');
  const [hour, minute] = time.split(':').map(Number);
  return { day: toDay(date), minutes: (hour as number) * 60 + (minute as number) };
}

/** How many code units of a text are about time or signs. Words such as `may` do not count. */
function recognized({ pieces, left }: Parsed): number {
  return [...pieces, ...left.filter(({ reason }) => reason !== 'ambiguous-word')].reduce(
    (sum, { start, end }) => sum + end - start,
    0,
  );
}

const isEmpty = ({ dates, rules, times }: Findings) => dates.length + rules.length + times.length === 0;

/** Loads the parser of a language, or of English and German. A parser does no input or output. */
export async function loadParser(language?: AnyLanguage): Promise<Parser> {
  const wanted = language === undefined ? languages : [language];
  const finders = await Promise.all(wanted.map(async (each) => [each, await loadFinder(each)] as const));
  return (text, context) => {
    if (text.length > maxLength) throw new RangeError(`The text has more than ${maxLength} code units.`);
    const results = finders.map(([each, finder]) => parseIn(each, finder, text, context));
    return results.reduce((best, each) => (recognized(each) > recognized(best) ? each : best));
  };
}

const inOrder = (spans: readonly Span[]) => [...spans].sort((one, other) => one.start - other.start);

function parseIn(language: AnyLanguage, finder: Finder, text: string, context: Context): Parsed {
  const now = toMoment(context.localTime(0));
  const later = (minutes: number) => toMoment(context.localTime(minutes));
  const signs = readSigns(text, context.projects);
  const taken = inOrder([...signs.pieces, ...signs.left]);
  const words = (vocabularies as Partial<Record<AnyLanguage, (typeof vocabularies)[Language]>>)[language];
  if (!words) return assemble(language, text, signs, findWith(finder, text, taken, now), now);
  const own = findWithGrammar(text, taken, words, now, later);
  if (!isEmpty(own) || own.left.some(({ reason }) => reason === 'rule-not-understood')) {
    return assemble(language, text, signs, own, now);
  }
  // What the grammar has left is not read again. Numbers without the name of a month can be fractions.
  const found = findWith(finder, text, inOrder([...taken, ...own.left]), now);
  const dates = found.dates.filter(({ start, end }) => /\p{L}{3}/u.test(text.slice(start, end)));
  return assemble(language, text, signs, { ...own, dates }, now);
}
