/** Reads sentences on the device, as `tasks.quick` does: for example to mark what is understood while somebody types. */
import { localAt } from '../live/time.js';
import { type AnyLanguage, loadParser, type Parsed } from './parser/index.js';

export type {
  AnyLanguage,
  Kind,
  Language,
  Left,
  Parsed,
  Piece,
  Priority,
  QuickFields,
  Reason,
  Reminder,
  Span,
} from './parser/index.js';
export { betaLanguages, languages, maxLength, sayRule } from './parser/index.js';

export interface ReadOptions {
  /** The IANA time zone of the user. The default is that of the device. */
  readonly timeZone?: string | undefined;
  /** The names of the projects that `#` can mean; without it, any word can be the name of a project. */
  readonly projects?: readonly string[] | undefined;
  /** The time from which dates count; the default is now. */
  readonly now?: Date | undefined;
}

/** Reads a sentence. @throws {RangeError} if it has more than `maxLength` code units */
export type ReadWords = (text: string, options?: ReadOptions) => Parsed;

/**
 * Loads what is needed to read a language, or English and German. The function that it resolves to is fast enough for each
 * key that is pressed.
 */
export async function loadWords(language?: AnyLanguage): Promise<ReadWords> {
  const parse = await loadParser(language);
  return (text, { timeZone, projects, now = new Date() } = {}) => {
    const zone = timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
    return parse(text, {
      localTime: (minutesLater) => {
        const { day, time } = localAt(zone, now.getTime() + minutesLater * 60_000);
        return `${day}T${time.slice(0, 5)}`;
      },
      projects,
    });
  };
}
