/**
 * Changed occurrences of a series in an iCalendar file (RECURRENCE-ID, RFC 5545, section 3.8.4.4). A task is one
 * occurrence at a time, so completed occurrences become completions, cancelled ones become excluded dates, and other later
 * ones become tasks of their own.
 */
import type { ReadWarning } from '../../domain/foreign/warning';
import { localTime, type ReadTodo, readTodo, type TodoContext } from '../../domain/icalendar/read-todo';
import { futureErrors } from '../tasks/completed-at';
import { type Dates, withInstants } from '../tasks/due';
import type { TaskDraft } from '../tasks/import';
import {
  excludedAfterMoveOf,
  firstOpenPoint,
  hasTimes,
  maxExcluded,
  occurrencesAt,
  pointsOf,
} from '../tasks/recurrence';
import { type Drafts, idNamed } from './file';

// The properties that are used of an occurrence that becomes no task of its own.
const usedFields: ReadonlySet<string> = new Set(['completed', 'status', 'due', 'dtstart', 'recurrence-id']);

// The changed occurrences of a file are in memory.
const maxOverrides = 10_000;
const maxCharacters = 8_000_000;
// More of a series than it can exclude are not looked at.
const mostChecked = 2 * maxExcluded;

/** A component of a file that changes an occurrence. */
export const isOverride = (text: string) => /^RECURRENCE-ID[;:]/im.test(text);

/** A changed occurrence, and the line of the file on which it begins. */
export interface Override extends ReadTodo {
  readonly line: number;
}

/** Collects the texts of changed occurrences, within limits. */
export function createOverrides() {
  const found: { readonly text: string; readonly line: number }[] = [];
  let characters = 0;
  return {
    add(text: string, line: number) {
      characters += text.length;
      if (found.length < maxOverrides && characters <= maxCharacters) found.push({ text, line });
    },
    /** The changed occurrences by the UID of their series. */
    read(context: TodoContext): ReadonlyMap<string | undefined, readonly Override[]> {
      const overrides = found.map(({ text, line }) => ({ ...readTodo(text, context), line }));
      return Map.groupBy(overrides, ({ uid }) => uid);
    },
  };
}

/** The time of a completion; the beginning of the due date in UTC if the file has none that is possible. */
function completedAt(text: unknown, dueDate: string): Date {
  const given = typeof text === 'string' ? new Date(text) : undefined;
  return given && futureErrors('', given).length === 0 ? given : new Date(dueDate);
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

/** A changed occurrence after the current one, and the dates that it has without changes. */
export interface LaterOccurrence {
  readonly override: Override;
  readonly dates: Dates;
}

/** A series with its changed occurrences. */
export interface Applied {
  readonly task: TaskDraft;
  readonly completions: readonly Drafts['completion'][];
  /** The number of changed occurrences that were applied. */
  readonly used: number;
  /** Later occurrences that become tasks of their own. The series excludes their dates. */
  readonly later: readonly LaterOccurrence[];
  /** The warnings of the values that were used, and of what is left out. */
  readonly warnings: readonly ReadWarning[];
}

/** The points of the series that the overrides change. */
function byPoint(task: TaskDraft & { rrule: string }, overrides: readonly Override[]): Map<string, Override> {
  const length = hasTimes(task.rrule) ? undefined : 10;
  return new Map(
    overrides.flatMap((each) =>
      each.recurrenceId
        ? [[localTime(each.recurrenceId, task.time_zone).slice(0, length), each] as const]
        : [],
    ),
  );
}

const leftOut = ({ recurrenceId }: Override, detail: string): ReadWarning => ({
  field: 'recurrence-id',
  found: recurrenceId ? localTime(recurrenceId, null) : null,
  used: null,
  detail,
});

/**
 * Applies the changed occurrences to a recurring task. Its first open occurrence becomes the current one, with its own
 * dates if they are changed. Later cancelled occurrences become excluded dates, and so do later ones with other changes,
 * which become tasks of their own. If no occurrence is open, the task is completed.
 */
export function applyOverrides(draft: TaskDraft, overrides: readonly Override[], uid: string): Applied {
  const { rrule } = draft;
  if (rrule === null || draft.repeat_from === 'completion') {
    const detail = 'is left out, because the task has no series of fixed dates';
    const warnings = overrides.map((each) => leftOut(each, detail));
    return { task: draft, completions: [], used: 0, later: [], warnings };
  }
  const series = { ...draft, rrule };
  const changes = byPoint(series, overrides);
  const closed = [...changes].filter(([, { fields }]) => isClosed(fields.status)).map(([point]) => point);
  const current = firstOpenPoint(series, new Set(closed));
  const changed = current === null ? undefined : changes.get(current);

  const completed = closed.filter((point) => changes.get(point)?.fields.status === 'completed');
  const points = [...completed, ...(current === null ? [] : [current])].sort();
  const dates = occurrencesAt(series, points).map((each, index) =>
    points[index] === current ? { ...each, ...datesOf(changed) } : each,
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
  const isLater = (point: string) => current !== null && point > current;
  const omitted = closed.filter(
    (point) => isLater(point) && changes.get(point)?.fields.status === 'cancelled',
  );
  const own = dates[current === null ? dates.length - 1 : points.indexOf(current)];
  const excluded = new Set([
    ...(current === null || !own ? draft.excluded_dates : excludedAfterMoveOf(series, current, own)),
    ...omitted,
  ]);
  const others = [...changes].filter(([, { fields }]) => !isClosed(fields.status));
  const room = Math.max(0, maxExcluded - excluded.size);
  const coming = others.map(([point]) => point).filter(isLater);
  const later = pointsOf(series, coming.sort().slice(0, mostChecked)).slice(0, room);
  const last = completions.at(-1);
  const task: TaskDraft = {
    ...draft,
    ...(own && withInstants(own)),
    ...(current === null && last ? { status: 'completed', completed_at: last.completed_at } : {}),
    excluded_dates: [...excluded, ...later].sort().slice(-maxExcluded),
    completion_count: completions.length,
  };
  const used = [...closed.flatMap((point) => changes.get(point) ?? []), ...(changed ? [changed] : [])];
  const isUsed = new Set([current, ...later]);
  const unused = others.filter(([point]) => !isUsed.has(point));
  return {
    task,
    completions,
    used: used.length + later.length,
    later: occurrencesAt(series, later).map((dates, index) => ({
      dates,
      override: changes.get(later[index] as string) as Override,
    })),
    warnings: [
      ...used.flatMap((each) => each.warnings.filter(({ field }) => usedFields.has(field))),
      ...(changed ? textsLeftOut(draft, changed) : []),
      ...unused.map(([, each]) => leftOut(each, 'is left out, because it is no coming date of the series')),
    ],
  };
}

/** The warnings of texts that only the current occurrence has. They would become texts of all occurrences. */
function textsLeftOut(draft: TaskDraft, { fields }: Override): ReadWarning[] {
  const texts = [
    ['summary', draft.title, fields.title],
    ['description', draft.description, fields.description ?? null],
  ] as const;
  return texts
    .filter(([, ofSeries, ofOccurrence]) => ofSeries !== ofOccurrence)
    .map(([field, , found]) => ({
      field,
      found: typeof found === 'string' ? found : null,
      used: null,
      detail: 'of a changed occurrence is left out, because the task has the text of its series',
    }));
}

const isClosed = (status: unknown) => status === 'completed' || status === 'cancelled';

/** The dates of an open occurrence that was moved; those that it does not have are left out. */
function datesOf(changed: Override | undefined): Partial<Dates & { due_date: string }> {
  const { due_date, due_time = null, start_date, start_time = null } = changed?.fields ?? {};
  return {
    ...(typeof due_date === 'string' && { due_date, due_time: due_time as string | null }),
    ...(typeof start_date === 'string' && { start_date, start_time: start_time as string | null }),
  };
}
