/** Todoist, in the shape of the CSV files of its templates and of its backup: one file for each project. */
import { timeIn, todayIn } from '../../time/calendar';
import {
  createForeignTask,
  type ForeignBuilder,
  type ForeignContext,
  type ForeignTask,
  instantIn,
  zoneIn,
} from '../foreign-task';
import type { Cells } from './ticktick';
import { readTodoistWords } from './todoist-dates';

/** True if a header is one of Todoist. */
export const isTodoistHeader = (columns: readonly string[]) =>
  ['type', 'content', 'priority', 'indent'].every((name) => columns.includes(name));

const columns: ReadonlySet<string> = new Set([
  ...['type', 'content', 'description', 'priority', 'indent', 'author', 'responsible', 'date', 'date_lang'],
  ...['timezone', 'duration', 'duration_unit', 'meta', 'deadline', 'deadline_lang', 'is_collapsed'],
]);

// In the files, 1 is the highest priority ("p1"); the API of the product counts the other way.
const priorities: ReadonlyMap<string, string> = new Map([
  ['1', 'urgent'],
  ['2', 'high'],
  ['3', 'medium'],
  ['4', 'low'],
]);

const isSpace = (character: string | undefined) => /\s/.test(character ?? '');

/** The title, and the labels `@name` at its end. */
function splitLabels(content: string): { title: string; labels: string[] } {
  const text = content.trimEnd();
  const labels: string[] = [];
  let end = text.length;
  for (;;) {
    let start = end;
    while (start > 0 && !isSpace(text[start - 1])) start--;
    // A title of labels alone keeps the first one.
    if (start === 0 || !/^@[^\s@]{1,60}$/.test(text.slice(start, end))) break;
    labels.push(text.slice(start + 1, end));
    end = start;
    while (end > 0 && isSpace(text[end - 1])) end--;
  }
  return { title: text.slice(0, end), labels: labels.reverse() };
}

function readDates(cells: Cells, task: ForeignBuilder, { timeZone, now }: ForeignContext): void {
  const cell = (cells.date ?? '').trim();
  const zone = zoneIn(cells.timezone) ?? timeZone;
  const today = todayIn(zone, now);
  const deadline = readTodoistWords((cells.deadline ?? '').trim(), cells.deadline_lang ?? 'en', today);
  const instant = instantIn(cell);
  const words = instant
    ? {
        date: todayIn(zone, instant),
        time: timeIn(zone, instant).slice(0, 5),
        assumed: undefined,
        rrule: undefined,
      }
    : readTodoistWords(cell, cells.date_lang ?? 'en', today);
  if (cell !== '' && !words) task.extra('date', 'Date', cell);
  const isDated = words !== undefined && cell !== '';
  const hasDeadline = deadline !== undefined && (!isDated || words.rrule === undefined);
  if (cells.deadline && !hasDeadline) task.extra('deadline', 'Deadline', cells.deadline);
  if (isDated) {
    const kind = hasDeadline ? 'start' : 'due';
    task.set(`${kind}_date`, words.date);
    if (words.time !== null) {
      task.set(`${kind}_time`, words.time);
      task.set('time_zone', zone);
    }
    if ('repeatFrom' in words) task.rule('date', words.rrule, words.repeatFrom);
    const used = [words.date, words.time, words.rrule].filter(Boolean).join(' ');
    if (words.assumed !== undefined) task.warn('date', cell, used, words.assumed);
  }
  if (!hasDeadline) return;
  task.set('due_date', deadline.date);
  if (deadline.assumed !== undefined) task.warn('deadline', cells.deadline, deadline.date, deadline.assumed);
}

/** A record of a file, as far as it is read: a task that may get comments from the records after it. */
export interface OpenTodoistTask {
  comment(text: string): void;
  finish(keys: Pick<ForeignTask, 'key' | 'parentKey'>): ForeignTask;
}

/**
 * Reads a record of a task.
 * @param section the section that the task is in
 */
export function readTodoistTask(cells: Cells, section: string, context: ForeignContext): OpenTodoistTask {
  const task = createForeignTask(context);
  const { title, labels } = splitLabels(cells.content ?? '');
  task.title('content', title);
  task.describe(cells.description);
  task.tags('content', labels);
  if (section !== '') {
    task.tags('section', [section]);
    task.warn('section', section, section, 'is the section of the task, which becomes a tag');
  }
  const priority = (cells.priority ?? '').trim();
  task.set('priority', priorities.get(priority));
  if (priority !== '' && !priorities.has(priority))
    task.warn('priority', priority, null, 'is not 1, 2, 3 or 4');
  readDates(cells, task, context);
  task.extra('responsible', 'Responsible', cells.responsible);
  const unit = cells.duration_unit?.trim() || 'minute';
  if (cells.duration && cells.duration !== 'None')
    task.extra('duration', 'Duration', `${cells.duration} ${unit}`);
  task.otherCells(cells, columns);
  return {
    comment: (text) => task.extra('note', 'Comment', text),
    finish: (keys) => task.finish({ ...keys, project: undefined }),
  };
}
