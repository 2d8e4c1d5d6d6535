/** Reads texts on Thursday, 26 November 2026, at 14:30. */
import { type AnyLanguage, loadParser, type Parsed, type Parser } from '../../../src/domain/words';

export const now = '2026-11-26T14:30';

const localTime = (minutes: number) =>
  new Date(Date.parse(`${now}Z`) + minutes * 60_000).toISOString().slice(0, 16);

/** A function that reads texts in a language, or in English and German. */
export async function readerOf(language?: AnyLanguage) {
  const parse: Parser = await loadParser(language);
  return (text: string, projects?: readonly string[]): Parsed => parse(text, { localTime, projects });
}

/** What a text became, in one line: the title, the values that it has, and with `~` the words that were assumed. */
export function summaryOf(text: string, { fields, pieces }: Parsed): string {
  const { title, due_date, due_time, rrule, repeat_from, project, tags, priority, reminders } = fields;
  return [
    title,
    due_date && `${due_date}${due_time ? ` ${due_time}` : ''}`,
    rrule,
    repeat_from === 'completion' && 'from completion',
    project && `#${project}`,
    ...tags.map((tag) => `@${tag}`),
    priority,
    ...reminders.map((each) => `!${'time' in each ? each.time : each.minutes_before_due}`),
    ...pieces.filter(({ assumed }) => assumed).map(({ start, end }) => `~${text.slice(start, end)}`),
  ]
    .filter(Boolean)
    .join(' | ');
}

/** What stayed in the title, with the reasons. */
export function leftOf(text: string, { left }: Parsed): string {
  return left.map(({ start, end, reason }) => `${text.slice(start, end)}: ${reason}`).join(' | ');
}
