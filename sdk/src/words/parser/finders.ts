/** This file was generated from src/domain/words/finders.ts by npm run generate. Do not change it. */
/**
 * The finders of dates of other languages, and of rare forms in English and German: chrono-node. Only what it calls certain
 * is used, as a wall clock: it knows no time zones, and its instants are wrong after clock changes.
 */
import type { Component, ParsedResult, ParsingReference } from 'chrono-node';
import { MS_PER_DAY } from './day-number.js';
import { type AnyLanguage, type Finder, type Found, languages } from './types.js';

interface Locale {
  readonly strict: Parser;
  readonly casual: Parser;
}

interface Parser {
  parse(text: string, reference: ParsingReference): ParsedResult[];
}

// Each locale is loaded when it is first needed.
const locales: Readonly<Record<AnyLanguage, () => Promise<Locale>>> = {
  en: () => import('chrono-node/en'),
  de: () => import('chrono-node/de'),
  es: () => import('chrono-node/es'),
  fr: () => import('chrono-node/fr'),
  it: () => import('chrono-node/it'),
  ja: () => import('chrono-node/ja'),
  nl: () => import('chrono-node/nl'),
  pt: () => import('chrono-node/pt'),
  ru: () => import('chrono-node/ru'),
  uk: () => import('chrono-node/uk'),
  zh: () => import('chrono-node/zh'),
};

const components = ['year', 'month', 'day', 'weekday', 'hour', 'minute'] as const;

function toFound({ index, text, start }: ParsedResult): Found {
  const certain = (component: Component) =>
    (start.isCertain(component) ? start.get(component) : null) ?? undefined;
  const values = Object.fromEntries(components.map((each) => [each, certain(each)]));
  return {
    start: index,
    end: index + text.length,
    ...values,
    // chrono-node counts from Sunday.
    weekday: values.weekday === undefined ? undefined : (values.weekday + 6) % 7,
    hasMeridiem: start.isCertain('meridiem'),
  };
}

/** Loads the finder of a language. */
export async function loadFinder(language: AnyLanguage): Promise<Finder> {
  const { strict, casual } = await locales[language]();
  const isOwn = (languages as readonly string[]).includes(language);
  const parser = isOwn ? strict : casual;
  return (text, { day, minutes }) =>
    parser
      .parse(text, { instant: new Date(day * MS_PER_DAY + minutes * 60_000), timezone: 0 })
      // A range of dates is not one date.
      .map((result) => ({ ...toFound(result), ...(result.end && { day: undefined, weekday: undefined }) }));
}
