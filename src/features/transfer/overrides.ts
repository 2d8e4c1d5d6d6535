/**
 * Changed occurrences of a series in an iCalendar file (RECURRENCE-ID, RFC 5545, section 3.8.4.4). A task is one
 * occurrence at a time, so completed occurrences become completions, and cancelled ones become excluded dates.
 */
import type { ReadWarning } from '../../domain/foreign/warning';
import { localTime, type ReadTodo, readTodo, type TodoContext } from '../../domain/icalendar/read-todo';
import { withInstants } from '../tasks/due';
import type { TaskDraft } from '../tasks/import';
import { firstOpenPoint, hasTimes, maxExcluded, occurrencesAt } from '../tasks/recurrence';
import { type Drafts, idNamed } from './file';

// The properties of a changed occurrence that are used.
const usedFields: ReadonlySet<string> = new Set(['completed', 'status', 'due', 'recurrence-id']);

// The changed occurrences of a file are in memory.
const maxOverrides = 10_000;
const maxCharacters = 8_000_000;

/** A component of a file that changes an occurrence. */
export const isOverride = (text: string) => /^RECURRENCE-ID[;:]/im.test(text);

/** Collects the texts of changed occurrences, within limits. */
export function createOverrides() {
  const texts: string[] = [];
  let characters = 0;
  return {
    add(text: string) {
      characters += text.length;
      if (texts.length < maxOverrides && characters <= maxCharacters) texts.push(text);
    },
    /** The changed occurrences by the UID of their series. */
    read(context: TodoContext): ReadonlyMap<string | undefined, readonly ReadTodo[]> {
      const found = texts.map((text) => readTodo(text, context));
      return Map.groupBy(found, ({ uid }) => uid);
    },
  };
}

/** The time of a completion; the beginning of the due date in UTC if the file lacks it. */
function completedAt(text: unknown, dueDate: string): Date {
  return new Date(typeof text === 'string' ? text : dueDate);
}

/**
 * Adds times of recording in the order of the series, so that undoing goes back along it. They are in the past, and at most
 * the times of the completions.
 */
function inRecordedOrder(
  closings: readonly Omit<Drafts['completion'], 'recorded_at'>[],
): Drafts['completion'][] {
  let time = Date.now();
  const latestFirst = closings.toReversed().map((each) => {
    time = Math.min(time - 1, each.completed_at.getTime());
    return { ...each, recorded_at: new Date(time) };
  });
  return latestFirst.toReversed();
}

/** A series with its changed occurrences. */
export interface Applied {
  readonly task: TaskDraft;
  readonly completions: readonly Drafts['completion'][];
  /** The number of changed occurrences that were applied. */
  readonly used: number;
  /** The warnings of the values that were used. */
  readonly warnings: readonly ReadWarning[];
}

/** The points of the series that the overrides change. */
function byPoint(task: TaskDraft & { rrule: string }, overrides: readonly ReadTodo[]): Map<string, ReadTodo> {
  const length = hasTimes(task.rrule) ? undefined : 10;
  return new Map(
    overrides.flatMap((each) =>
      each.recurrenceId
        ? [[localTime(each.recurrenceId, task.time_zone).slice(0, length), each] as const]
        : [],
    ),
  );
}

/**
 * Applies the changed occurrences to a recurring task. Its first open occurrence becomes the current one, with its own
 * due date if it is changed. Later cancelled occurrences become excluded dates. If no occurrence is open, the task is
 * completed.
 */
export function applyOverrides(draft: TaskDraft, overrides: readonly ReadTodo[], uid: string): Applied {
  const { rrule } = draft;
  if (rrule === null || draft.repeat_from === 'completion')
    return { task: draft, completions: [], used: 0, warnings: [] };
  const series = { ...draft, rrule };
  const changes = byPoint(series, overrides);
  const closed = [...changes].filter(([, { fields }]) => isClosed(fields.status)).map(([point]) => point);
  const current = firstOpenPoint(series, new Set(closed));
  const changed = current === null ? undefined : changes.get(current);

  const completed = closed.filter((point) => changes.get(point)?.fields.status === 'completed');
  const points = [...completed, ...(current === null ? [] : [current])].sort();
  const dates = occurrencesAt(series, points).map((each, index) =>
    points[index] === current ? { ...each, ...dueOf(changed) } : each,
  );
  const closings = points.flatMap((point, index): Omit<Drafts['completion'], 'recorded_at'>[] => {
    const occurrence = dates[index];
    if (point === current || !occurrence) return [];
    const isAhead = current !== null && point > current;
    const next = isAhead ? undefined : dates[index + 1];
    const { due_date, due_time, time_zone, start_date, start_time } = occurrence;
    return [
      {
        id: idNamed(`completion/${uid}/${point}`),
        task_id: draft.id,
        title: draft.title,
        ...{ due_date, due_time, time_zone, start_date, start_time, rrule },
        status: 'pending',
        completed_at: completedAt(changes.get(point)?.fields.completed_at, due_date),
        next_due_date: next?.due_date ?? null,
        next_due_time: next?.due_time ?? null,
        reopened: [],
        moved: [],
        advanced: !isAhead,
      },
    ];
  });
  const completions = inRecordedOrder(closings);
  const isCancelled = (point: string) => changes.get(point)?.fields.status === 'cancelled';
  const omitted = closed.filter((point) => current !== null && point > current && isCancelled(point));
  const last = completions.at(-1);
  const own = dates[current === null ? dates.length - 1 : points.indexOf(current)];
  const task: TaskDraft = {
    ...draft,
    ...(own && withInstants(own)),
    ...(current === null && last ? { status: 'completed', completed_at: last.completed_at } : {}),
    excluded_dates: [...new Set([...draft.excluded_dates, ...omitted])].sort().slice(-maxExcluded),
    completion_count: completions.length,
  };
  const used = [...closed.flatMap((point) => changes.get(point) ?? []), ...(changed ? [changed] : [])];
  const warnings = used.flatMap((each) => each.warnings.filter(({ field }) => usedFields.has(field)));
  return { task, completions, used: used.length, warnings };
}

const isClosed = (status: unknown) => status === 'completed' || status === 'cancelled';

/** The due date of an open occurrence that was moved; empty if it has none. */
function dueOf(changed: ReadTodo | undefined): { due_date?: string; due_time?: string | null } {
  const { due_date, due_time = null } = changed?.fields ?? {};
  return typeof due_date === 'string' ? { due_date, due_time: due_time as string | null } : {};
}
