/** Reminders: at which instants they fire, and which of them have fired. */

import { isOpenSql } from '../../domain/tasks/status';
import { addDays, daysBetween, moveInstant, startOfDay, toInstant } from '../../domain/time/calendar';
import type { ValidationError } from '../../platform/contract/document/operations';
import { isWritableInstant } from '../../platform/contract/validation/formats';
import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import type { Lane, WritableLane } from '../../platform/database/lane';
import type { Reminder, ReminderRow, TaskRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { outsideArchived } from '../archived-projects/tasks';
import { findTimeZone } from '../profile/repository';
import { type Dates, type Due, remindersLeft } from './due';
import { liveTasks } from './repository';

interface NewReminder {
  readonly at?: string | null;
  readonly minutes_before_due?: number | null;
  readonly days_before_due?: number | null;
  readonly time?: string | null;
}

/**
 * Reads the reminders of a body.
 * @param dueDate the due date of the task; undefined to allow relative reminders without a due date
 * @returns the reminders in the form of the database, or validation errors with pointers into the task
 */
export function readReminders(
  reminders: readonly NewReminder[],
  dueDate: string | null | undefined,
): Reminder[] | ValidationError[] {
  const errors: ValidationError[] = [];
  const read = reminders.map((given, index): Reminder => {
    const { at = null, minutes_before_due = null, days_before_due = null, time = null } = given;
    const pointer = `/reminders/${index}`;
    const forms = [at, minutes_before_due, days_before_due ?? time].filter((form) => form !== null);
    if (forms.length !== 1 || (days_before_due === null) !== (time === null)) {
      errors.push({
        pointer,
        code: 'contradiction',
        detail: 'must have either `at`, `minutes_before_due`, or both `days_before_due` and `time`',
      });
    } else if (at === null && dueDate === null) {
      const field = minutes_before_due === null ? 'days_before_due' : 'minutes_before_due';
      errors.push({ pointer: `${pointer}/${field}`, code: 'contradiction', detail: 'requires `due_date`' });
    }
    // In the order of jsonb, so that reminders that are sent back as they were read are equal.
    return {
      at: at === null ? null : new Date(at).toISOString(),
      time,
      days_before_due,
      minutes_before_due,
    };
  });
  return errors.length > 0 ? errors : read;
}

type Reminded = Pick<TaskRow, 'reminders' | 'due_date' | 'due_time' | 'time_zone' | 'due_at'>;

const dueText = ({ due_date, due_time, time_zone }: Due) =>
  `${due_date ?? ''}T${due_time ?? ''} ${time_zone ?? ''}`;

const minutesOf = (time: string) => 60 * Number(time.slice(0, 2)) + Number(time.slice(3));

/** How far instants move by the wall clock: days and minutes, from one time zone to another. */
interface Move {
  readonly days: number;
  readonly minutes: number;
  readonly zones: { readonly from: string; readonly to: string };
}

/** The date that instants keep their distance to: the due date, or the start if there is no due date. */
function anchorOf({ due_date, due_time, start_date, start_time }: Dates) {
  return due_date === null
    ? { isDue: false, date: start_date, time: start_time }
    : { isDue: true, date: due_date, time: due_time };
}

const datesText = (dates: Dates) => JSON.stringify([anchorOf(dates), dates.time_zone]);

/** How far a change of dates moves instants; undefined if it does not move them. */
function moveBetween(from: Dates, to: Dates, zone: string): Move | undefined {
  const [before, after] = [anchorOf(from), anchorOf(to)];
  if (before.date === null || after.date === null || before.isDue !== after.isDue) return undefined;
  if (datesText(from) === datesText(to)) return undefined;
  // A time that is added or removed moves no reminder.
  const isTimed = before.time !== null && after.time !== null;
  return {
    days: daysBetween(before.date, after.date),
    minutes: isTimed ? minutesOf(after.time as string) - minutesOf(before.time as string) : 0,
    zones: { from: from.time_zone ?? zone, to: to.time_zone ?? zone },
  };
}

/** Reminders whose instants are moved. An instant that would be outside the years 1 to 9999 stays. */
export function moveInstants(reminders: readonly Reminder[], { days, minutes, zones }: Move): Reminder[] {
  return reminders.map((reminder) => {
    if (reminder.at === null) return reminder;
    const at = moveInstant(new Date(reminder.at), { days, minutes }, zones);
    return isWritableInstant(at) ? { ...reminder, at: at.toISOString() } : reminder;
  });
}

/**
 * The reminders of a task after a change of its dates. Instants move with the due date, or with the start of a task without
 * a due date. Without a due date, the reminders that depend on it are removed.
 */
export async function remindersFor(lane: Lane, current: Reminded & Dates, dates: Dates): Promise<Reminder[]> {
  const hasInstants = current.reminders.some(({ at }) => at !== null);
  const zone = hasInstants && datesText(current) !== datesText(dates) ? await findTimeZone(lane) : '';
  return movedReminders(current, dates, zone);
}

/** `remindersFor`, for a known time zone of the profile. */
export function movedReminders(current: Reminded & Dates, dates: Dates, zone: string): Reminder[] {
  return following(remindersLeft(current.reminders, dates.due_date), current, dates, zone);
}

/** Reminders whose instants follow a change of dates. */
function following(reminders: readonly Reminder[], from: Dates, to: Dates, zone: string): Reminder[] {
  const move = moveBetween(from, to, zone);
  return move ? moveInstants(reminders, move) : [...reminders];
}

/** The time of a reminder, in milliseconds. */
interface Timed {
  /** Which reminder it is, and for which due date. A reminder with the same identity fires only once. */
  readonly identity: string;
  readonly time: number;
  /** The identity that the reminder had before an edit moved it. */
  readonly movedFrom?: string | undefined;
}

function identityOf({ at, minutes_before_due, days_before_due, time }: Reminder, due: Due): string {
  if (at !== null) return at;
  return `${minutes_before_due ?? `${days_before_due}d${time}`} ${dueText(due)}`;
}

/** The times of a task's reminders. `zone` is the time zone for due dates that have none. */
function timesOf(task: Reminded, zone: string): Timed[] {
  const { reminders, due_date, due_time, due_at } = task;
  const clock = task.time_zone ?? zone;
  const due = () =>
    due_at ??
    (due_time === null
      ? startOfDay(due_date as string, clock)
      : toInstant(due_date as string, due_time, clock));
  return reminders.flatMap((reminder) => {
    const { at, minutes_before_due, days_before_due, time } = reminder;
    const identity = identityOf(reminder, task);
    if (at !== null) return { identity, time: Date.parse(at) };
    if (due_date === null) return [];
    if (days_before_due === null || time === null) {
      return { identity, time: due().getTime() - (minutes_before_due ?? 0) * 60_000 };
    }
    return { identity, time: toInstant(addDays(due_date, -days_before_due), time, clock).getTime() };
  });
}

/** True if a change of a task can change the times of its reminders. */
export function mayRearm(before: Reminded, after: Reminded): boolean {
  if (before.reminders.length === 0 && after.reminders.length === 0) return false;
  const facts = (task: Reminded) => JSON.stringify([task.reminders, dueText(task)]);
  return facts(before) !== facts(after);
}

/** A reminder that has fired is forgotten after this many days, if its task no longer has it. */
const rememberedDays = 90;

/**
 * Replaces the times of the reminders of tasks. Reminders that have fired do not fire again. If an edit moves a
 * fired reminder, it fires again only if its new time is in the future.
 * @param firedUntil reminders up to this instant count as fired
 */
async function rearm(
  lane: WritableLane,
  tasks: readonly { readonly taskId: string; readonly wanted: readonly Timed[] }[],
  firedUntil = Number.NEGATIVE_INFINITY,
): Promise<void> {
  for (const chunk of chunksOf(tasks, rowsInStatement)) {
    const known = () =>
      lane.rows('reminders').whereRaw('task_id = any(?)', [chunk.map(({ taskId }) => taskId)]);
    const rows = await known().whereNotNull('fired_at').select('task_id', 'identity');
    const fired = new Set(rows.map(({ task_id, identity }) => `${task_id} ${identity}`));
    const now = Date.now();
    const wanted = chunk.flatMap(({ taskId, wanted }) => {
      const hasFired = ({ identity, time, movedFrom }: Timed) =>
        fired.has(`${taskId} ${identity}`) ||
        time <= firedUntil ||
        (time <= now && movedFrom !== undefined && fired.has(`${taskId} ${movedFrom}`));
      return wanted.map((each) => ({
        task_id: taskId,
        identity: each.identity,
        fire_at: new Date(each.time),
        fired_at: hasFired(each) ? new Date(now) : null,
      }));
    });
    await Promise.all([
      known()
        .whereRaw(
          `(fired_at is null or fired_at < ? - make_interval(days => ?)
            or (task_id, identity) in (select * from unnest(?::uuid[], ?::text[])))`,
          [
            lane.now as never,
            rememberedDays,
            wanted.map(({ task_id }) => task_id),
            wanted.map(({ identity }) => identity),
          ],
        )
        .delete(),
      ...insertTimes(lane, wanted),
    ]);
  }
}

/** Inserts the times of reminders. The same reminder can be in the list several times. */
function insertTimes(lane: WritableLane, rows: readonly Omit<ReminderRow, 'lane_id'>[]) {
  const distinct = new Map(rows.map((row) => [`${row.task_id} ${row.identity}`, row]));
  return chunksOf([...distinct.values()], rowsInStatement).map((chunk) => lane.insert('reminders', chunk));
}

/** How a task comes to its due date: by a move to its next or its previous occurrence. Undefined: by an edit. */
export type OccurrenceMove = 'next' | 'previous' | undefined;

/** After the return to the previous occurrence, past reminders count as fired. */
const firedUntil = (move: OccurrenceMove) => (move === 'previous' ? Date.now() : undefined);

/**
 * Sets the times of the reminders of a task that was created or changed. After the move to the next occurrence, past
 * reminders fire at once. After the return to the previous one, they count as fired.
 */
export async function armReminders(
  lane: WritableLane,
  before: TaskRow | null,
  after: TaskRow,
  move?: OccurrenceMove,
): Promise<void> {
  if (before ? !mayRearm(before, after) : after.reminders.length === 0) return;
  const zone = await findTimeZone(lane);
  const kept = before && !move ? following(before.reminders, before, after, zone) : [];
  const wanted = timesOf(after, zone).map((each, index): Timed => {
    const isMoved = JSON.stringify(kept[index]) === JSON.stringify(after.reminders[index]);
    const reminder = before?.reminders[index];
    return before && reminder && isMoved ? { ...each, movedFrom: identityOf(reminder, before) } : each;
  });
  await rearm(lane, [{ taskId: after.id, wanted }], firedUntil(move));
}

/**
 * Sets the times of the reminders of tasks that moved together with another task, to its next or its previous occurrence.
 * See `armReminders`.
 */
export async function armMoved(
  lane: WritableLane,
  moves: readonly { readonly before: Reminded & { id: string }; readonly after: Reminded }[],
  move: OccurrenceMove,
): Promise<void> {
  const reminded = moves.filter(({ before, after }) => mayRearm(before, after));
  if (reminded.length === 0) return;
  const zone = await findTimeZone(lane);
  await rearm(
    lane,
    reminded.map(({ before, after }) => ({ taskId: before.id, wanted: timesOf(after, zone) })),
    firedUntil(move),
  );
}

/** Sets the times of the reminders of imported tasks. Past reminders count as fired. */
export async function armImported(lane: WritableLane, rows: readonly TaskRow[]): Promise<void> {
  const reminded = rows.filter((row) => row.reminders.length > 0);
  if (reminded.length === 0) return;
  const zone = await findTimeZone(lane);
  const now = Date.now();
  const times = reminded.flatMap((row) =>
    timesOf(row, zone).map(({ identity, time }) => ({
      task_id: row.id,
      identity,
      fire_at: new Date(time),
      fired_at: time <= now ? new Date(now) : null,
    })),
  );
  await Promise.all(insertTimes(lane, times));
}

/** Moves the reminders that depend on the profile's time zone, after the zone has changed. */
export async function moveReminders(lane: WritableLane, zone: string): Promise<void> {
  const rows: (Reminded & { id: string })[] = await liveTasks(lane)
    .whereNotNull('due_date')
    .whereNull('time_zone')
    .whereRaw(`reminders <> '[]'`)
    .select('id', 'reminders', 'due_date', 'due_time', 'time_zone', 'due_at');
  await rearm(
    lane,
    rows.map((row) => ({ taskId: row.id, wanted: timesOf(row, zone) })),
  );
}

/**
 * Fires at most `limit` due reminders of the lane, each once. A reminder that fires records a change of its task.
 * Nothing is recorded if the task is closed, in the trash or in an archived project.
 * @returns true if there may be more due reminders
 */
export async function fireReminders(lane: WritableLane, limit: number): Promise<boolean> {
  const due = await lane
    .rows('reminders')
    .where('fire_at', '<=', lane.now)
    .whereNull('fired_at')
    .orderBy(['fire_at', 'task_id'])
    .limit(limit)
    .select('task_id', 'identity', 'fire_at');
  const open = await openAmong(
    lane,
    due.map((each) => each.task_id),
  );
  const fired = lane
    .rows('reminders')
    .whereRaw('(task_id, identity) in (select * from unnest(?::uuid[], ?::text[]))', [
      due.map(({ task_id }) => task_id),
      due.map(({ identity }) => identity),
    ]);
  await update(fired, { fired_at: lane.now });
  // Several reminders of a task at the same instant are one change.
  const instants = new Map(due.map((each) => [`${each.task_id} ${each.fire_at.getTime()}`, each]));
  for (const { task_id, fire_at } of instants.values()) {
    if (!open.has(task_id)) continue;
    const fields = { reminder: { from: null, to: fire_at.toISOString() } };
    lane.changed({ type: 'task', id: task_id, action: 'reminded', fields });
  }
  return due.length === limit;
}

/** Which of these tasks are open, and neither in the trash nor in an archived project. */
export async function openAmong(lane: Lane, ids: readonly string[]): Promise<Set<string>> {
  const open = liveTasks(lane).whereIn('id', ids).whereRaw(isOpenSql);
  const rows: { id: string }[] = await outsideArchived(lane, open).select('id');
  return new Set(rows.map((row) => row.id));
}
