/** This file was generated from src/domain/words/types.ts by npm run generate. Do not change it. */
/** What the parser of quick tasks reads and returns. */

/** The languages whose dates, times and rules the parser's own grammar understands. */
export const languages = ['en', 'de'] as const;

/** The languages of which only dates and times are understood, and only if they are named. */
export const betaLanguages = ['es', 'fr', 'it', 'ja', 'nl', 'pt', 'ru', 'uk', 'zh'] as const;

export type Language = (typeof languages)[number];
export type AnyLanguage = Language | (typeof betaLanguages)[number];

/** What a piece of the text becomes. A `literal` is text between quotation marks, which stays in the title as it is. */
export type Kind = 'date' | 'time' | 'recurrence' | 'project' | 'tag' | 'priority' | 'reminder' | 'literal';

/** Why a piece of the text stays in the title. */
export type Reason =
  | 'several-dates'
  | 'several-times'
  | 'several-values'
  | 'past'
  | 'not-a-date'
  | 'contradiction'
  | 'relation'
  | 'ambiguous-word'
  | 'duration'
  | 'rule-not-understood'
  | 'unknown-project'
  | 'ambiguous-project'
  | 'needs-date'
  | 'not-allowed'
  | 'no-title';

/** A range of the text in UTF-16 code units; the end is not included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A piece of the text that became a value of the task. */
export interface Piece extends Span {
  readonly kind: Kind;
  /**
   * A date `YYYY-MM-DD`, perhaps with `THH:MM`; a time `HH:MM`; an RRULE; the name of a project or tag; a priority; for a
   * reminder the minutes before the task is due, or its time on the due date; or the literal text.
   */
  readonly value: string;
  /** True if the text has several readings, and the value is the usual one: `at 5` is 17:00. */
  readonly assumed: boolean;
}

/** A piece of the text that stays in the title. */
export interface Left extends Span {
  readonly kind: Kind;
  readonly reason: Reason;
}

export type Priority = 'low' | 'medium' | 'high' | 'urgent';

export type Reminder =
  | { readonly minutes_before_due: number }
  | { readonly days_before_due: 0; readonly time: string };

/** The task that a text describes. Null means that the text says nothing about it. */
export interface QuickFields {
  readonly title: string;
  readonly project: string | null;
  readonly tags: readonly string[];
  readonly priority: Priority | null;
  readonly due_date: string | null;
  readonly due_time: string | null;
  readonly rrule: string | null;
  readonly repeat_from: 'schedule' | 'completion' | null;
  readonly reminders: readonly Reminder[];
}

export interface Parsed {
  readonly language: AnyLanguage;
  readonly fields: QuickFields;
  /** In the order of the text. They do not overlap each other or those of `left`. */
  readonly pieces: readonly Piece[];
  readonly left: readonly Left[];
}

/** A local time: a day as the number of days since 1970-01-01, and the minutes of the day. */
export interface Moment {
  readonly day: number;
  readonly minutes: number;
}

export interface Context {
  /** The local time of the user now, or `minutes` later, as `YYYY-MM-DDTHH:MM`. */
  readonly localTime: (minutesLater: number) => string;
  /** The names of the projects that `#` can mean; without it, any word can be the name of a project. */
  readonly projects?: readonly string[] | undefined;
}

/** A date or time that the finder of a language has found in a text. Values that the text does not say are undefined. */
export interface Found extends Span {
  readonly year?: number | undefined;
  readonly month?: number | undefined;
  readonly day?: number | undefined;
  /** 0 for Monday. */
  readonly weekday?: number | undefined;
  readonly hour?: number | undefined;
  readonly minute?: number | undefined;
  readonly hasMeridiem: boolean;
}

/** Finds dates and times in a text. `today` is the local day. */
export type Finder = (text: string, today: Moment) => Found[];

/** Reads a text. The same text and context always give the same result. */
export type Parser = (text: string, context: Context) => Parsed;
