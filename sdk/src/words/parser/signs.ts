/** This file was generated from src/domain/words/signs.ts by npm run generate. Do not change it. */
/** Reads signs: `#project @tag p1 !30m "taken literally"`. They are the same in all languages. */
import { foldCase } from './case.js';
import type { Kind, Left, Piece, Priority, Reason, Reminder } from './types.js';

export interface Signs {
  readonly project: string | null;
  readonly tags: readonly string[];
  readonly priority: Priority | null;
  readonly reminders: readonly Reminder[];
  readonly pieces: readonly Piece[];
  readonly left: readonly Left[];
}

const maxTags = 100;
const maxTagLength = 50;
const maxReminders = 10;

const priorities: Readonly<Record<string, Priority>> = { 1: 'urgent', 2: 'high', 3: 'medium', 4: 'low' };
const minutesOf: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1440, w: 10_080 };
/** The largest `minutes_before_due` of a reminder. */
const maxMinutes = 40_320;

const quotes: Readonly<Record<string, string>> = { '"': '"', '“': '”', '„': '“' };
const punctuation = /[.,;:!?)\]}]/;

const isSpace = (letter: string | undefined) => letter === undefined || /\s/.test(letter);
const isEdge = (letter: string | undefined) => isSpace(letter) || punctuation.test(letter as string);

/** The end of a word without the punctuation after it. */
function endOfWord(text: string, start: number): number {
  let end = start;
  while (!isSpace(text[end])) end++;
  while (end > start && punctuation.test(text[end - 1] as string)) end--;
  return end;
}

/** The text between quotation marks that begin at an index, and the index after them. */
function readQuoted(text: string, index: number) {
  const close = quotes[text[index] ?? ''];
  const end = close === undefined ? -1 : text.indexOf(close, index + 1);
  if (end <= index + 1 || !isEdge(text[end + 1])) return undefined;
  const value = text.slice(index + 1, end).trim();
  return value === '' ? undefined : { value, end: end + 1 };
}

/** The name after `#` or `@`: a word, or text between quotation marks. */
function readName(text: string, index: number) {
  const quoted = readQuoted(text, index);
  if (quoted) return quoted;
  const end = endOfWord(text, index);
  return end === index ? undefined : { value: text.slice(index, end), end };
}

const keyOf = (name: string) => foldCase(name.trim().normalize('NFKC'));

/** Names of projects by their keys, and the most words of a name. */
interface ProjectNames {
  readonly byKey: ReadonlyMap<string, readonly string[]>;
  readonly mostWords: number;
}

function indexProjects(names: readonly string[]): ProjectNames {
  const byKey = new Map<string, string[]>();
  let mostWords = 0;
  for (const name of names) {
    const key = keyOf(name);
    byKey.set(key, [...(byKey.get(key) ?? []), name]);
    mostWords = Math.max(mostWords, name.trim().split(/\s+/).length);
  }
  return { byKey, mostWords };
}

/** The projects with the longest name that the text has at an index. */
function readProject(text: string, index: number, { byKey, mostWords }: ProjectNames) {
  const quoted = readQuoted(text, index);
  const candidates = quoted ? [quoted] : [];
  for (let end = index; !quoted && end < text.length && candidates.length < mostWords; ) {
    while (end < text.length && isSpace(text[end])) end++;
    const word = endOfWord(text, end);
    if (word === end) break;
    candidates.push({ value: text.slice(index, word), end: word });
    end = word;
    // A mark of punctuation ends the name.
    if (!isSpace(text[end])) break;
  }
  for (const { value, end } of candidates.reverse()) {
    const same = byKey.get(keyOf(value));
    if (same) return { value: same[0] as string, end, isUnique: same.length === 1 };
  }
  return undefined;
}

/** `!30m`, `!2h`, `!1d`, `!1w`, `!09:00`. */
function readReminder(word: string): { reminder: Reminder; value: string } | undefined {
  const [, count, unit = ''] = /^!(\d{1,5})([mhdw])$/.exec(word) ?? [];
  const minutes = Number(count) * (minutesOf[unit] ?? 1);
  if (count !== undefined && minutes <= maxMinutes) {
    return { reminder: { minutes_before_due: minutes }, value: String(minutes) };
  }
  const [, hour, minute] = /^!([01]?\d|2[0-3]):([0-5]\d)$/.exec(word) ?? [];
  if (hour === undefined) return undefined;
  const time = `${hour.padStart(2, '0')}:${minute}`;
  return { reminder: { days_before_due: 0, time }, value: time };
}

/**
 * The signs of a text.
 * @param projects the names that `#` can mean; undefined if it can be any word
 */
export function readSigns(text: string, projects: readonly string[] | undefined): Signs {
  const pieces: Piece[] = [];
  const left: Left[] = [];
  const tags = new Map<string, string>();
  const reminders = new Map<string, Reminder>();
  const byKind = new Map<Kind, string>();
  const known = projects && indexProjects(projects);

  const take = (kind: Kind, start: number, end: number, value: string) => {
    pieces.push({ start, end, kind, value, assumed: false });
    return end;
  };
  const leave = (kind: Kind, start: number, end: number, reason: Reason) => {
    left.push({ start, end, kind, reason });
    return end;
  };
  /** Takes a sign of which a task has one. */
  const takeOnly = (kind: Kind, start: number, end: number, value: string) => {
    if (byKind.has(kind) && byKind.get(kind) !== value) return leave(kind, start, end, 'several-values');
    byKind.set(kind, value);
    return take(kind, start, end, value);
  };

  const readTag = (start: number) => {
    const name = readName(text, start + 1);
    if (!name) return undefined;
    const isAllowed = name.value.length <= maxTagLength && !name.value.includes(',');
    const key = keyOf(name.value);
    if (!isAllowed || (!tags.has(key) && tags.size === maxTags))
      return leave('tag', start, name.end, 'not-allowed');
    if (!tags.has(key)) tags.set(key, name.value);
    return take('tag', start, name.end, tags.get(key) as string);
  };
  const readProjectSign = (start: number) => {
    const name = readName(text, start + 1);
    if (!name) return undefined;
    if (!known) return takeOnly('project', start, name.end, name.value);
    const found = readProject(text, start + 1, known);
    if (!found) return leave('project', start, name.end, 'unknown-project');
    if (!found.isUnique) return leave('project', start, found.end, 'ambiguous-project');
    return takeOnly('project', start, found.end, found.value);
  };
  const readWord = (start: number) => {
    const end = endOfWord(text, start);
    const word = text.slice(start, end);
    const [, priority] = /^p([1-4])$/i.exec(word) ?? [];
    if (priority !== undefined) return takeOnly('priority', start, end, priorities[priority] as string);
    const found = word.startsWith('!') ? readReminder(word) : undefined;
    if (!found) return undefined;
    if (!reminders.has(found.value) && reminders.size === maxReminders)
      return leave('reminder', start, end, 'not-allowed');
    reminders.set(found.value, found.reminder);
    return take('reminder', start, end, found.value);
  };

  for (let index = 0; index < text.length; index++) {
    if (!isSpace(text[index - 1]) && text[index - 1] !== '(') continue;
    const letter = text[index];
    const quoted = readQuoted(text, index);
    const end = quoted
      ? take('literal', index, quoted.end, quoted.value)
      : letter === '#'
        ? readProjectSign(index)
        : letter === '@'
          ? readTag(index)
          : readWord(index);
    if (end !== undefined) index = end - 1;
  }
  return {
    project: byKind.get('project') ?? null,
    tags: [...tags.values()],
    priority: (byKind.get('priority') as Priority | undefined) ?? null,
    reminders: [...reminders.values()],
    pieces,
    left,
  };
}
