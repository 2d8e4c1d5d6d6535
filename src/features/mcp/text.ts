/** Compact texts for language models. Texts of users are in quotes, so that they cannot be taken for instructions. */
import type { Schemas } from '../../platform/contract/document/operations';

type Task = Schemas['Task'];

/** The most tokens of one reply: its text and its structured content together. */
export const maxReplyTokens = 8_000;

/**
 * An upper bound of the tokens of a text, for tokenizers with byte pairs such as o200k. Letters and digits share tokens
 * also in texts without words; each other character of ASCII is at most one token, and each other byte of UTF-8 too.
 */
export function mostTokens(text: string): number {
  let tokens = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code < 0x80) tokens += /[a-zA-Z0-9 ]/.test(character) ? 0.8 : 1;
    else tokens += code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return Math.ceil(tokens);
}

/** Cuts a text after about `tokens` tokens, and says how much was cut. */
export function clip(text: string, tokens: number): string {
  if (mostTokens(text) <= tokens) return text;
  let end = 0;
  let left = tokens;
  for (const character of text) {
    left -= mostTokens(character);
    if (left < 0) break;
    end += character.length;
  }
  return `${text.slice(0, end)}… (${text.length - end} more characters)`;
}

/** A text of a user, in quotes and with all quotes in it escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** A value as JSON, cut if it is long. */
export function shortValue(value: unknown): string {
  return clip(JSON.stringify(value) ?? 'null', 60);
}

/** A name of a user: quoted unless it is one word. */
function named(name: string): string {
  return /^[\p{L}\p{N}_-]+$/u.test(name) ? name : quoted(name);
}

/** A number with its noun: "1 task", "2 tasks". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A calendar date with its day of the week. */
export function dayText(date: string): string {
  return `${weekdays[new Date(`${date}T00:00:00Z`).getUTCDay()]} ${date}`;
}

/** The date and the time of day at an instant in a time zone. */
export function localTime(instant: Date, timeZone: string): { date: string; time: string } {
  const text = instant.toLocaleString('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const [date = '', time = ''] = text.split(' ');
  return { date, time };
}

/** The last eight characters of an id. */
export function endingOf(id: string): string {
  return id.slice(-8);
}

/** The shortest form of each id that is unique among `ids`. */
export function shortIds(ids: readonly string[]): (id: string) => string {
  const counts = new Map<string, number>();
  for (const id of new Set(ids)) counts.set(endingOf(id), (counts.get(endingOf(id)) ?? 0) + 1);
  return (id) => ((counts.get(endingOf(id)) ?? 0) > 1 ? id : endingOf(id));
}

/** What the texts of tasks depend on. */
export interface TextContext {
  /** The time zone of the profile. */
  readonly timeZone: string;
  projectName(id: string): string;
  shortId(id: string): string;
}

/** A date with its day of the week and time, and the zone if it is not that of the profile. */
export function whenText(date: string, time: string | null, zone: string | null, timeZone: string): string {
  const foreign = time !== null && zone !== null && zone !== timeZone ? ` ${zone}` : '';
  return dayText(date) + (time === null ? '' : ` ${time}`) + foreign;
}

function completedText(instant: string, timeZone: string): string {
  const { date, time } = localTime(new Date(instant), timeZone);
  return `${date} ${time}`;
}

/** A task as structured content. Fields without a value and with their usual value are left out. */
export function taskData(task: Task, context: TextContext): Record<string, unknown> {
  const { title, status, priority, project_id, parent_id, tags, due_date, due_time, rrule } = task;
  return {
    id: context.shortId(task.id),
    title,
    ...(status !== 'pending' && { status }),
    ...(task.completed_at !== null && { completed: completedText(task.completed_at, context.timeZone) }),
    ...(priority !== 'medium' && { priority }),
    ...(due_date !== null && { due: due_time === null ? due_date : `${due_date} ${due_time}` }),
    ...(task.start_date !== null && { start: task.start_date }),
    ...(rrule !== null && { rrule }),
    ...(project_id !== null && { project: context.projectName(project_id) }),
    ...(parent_id !== null && { parent: context.shortId(parent_id) }),
    ...(tags.length > 0 && { tags }),
  };
}

/** A task as one line. */
export function taskLine(task: Task, context: TextContext): string {
  const { due_date, due_time, start_date, start_time, time_zone, project_id, parent_id } = task;
  return [
    context.shortId(task.id),
    quoted(task.title),
    ...(task.status === 'pending' ? [] : [task.status]),
    ...(task.completed_at === null ? [] : [completedText(task.completed_at, context.timeZone)]),
    ...(due_date === null ? [] : [`due ${whenText(due_date, due_time, time_zone, context.timeZone)}`]),
    ...(start_date === null
      ? []
      : [`start ${whenText(start_date, start_time, time_zone, context.timeZone)}`]),
    ...(task.rrule === null ? [] : [task.rrule]),
    ...(task.priority === 'medium' ? [] : [task.priority]),
    ...(project_id === null ? [] : [`@${named(context.projectName(project_id))}`]),
    ...task.tags.map((tag) => `#${named(tag)}`),
    ...(parent_id === null ? [] : [`in ${context.shortId(parent_id)}`]),
  ].join(' ');
}
