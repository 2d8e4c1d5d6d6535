/** Reminders: at which instants they fire, and which of them are still pending. */

import { isOpenSql } from '../../domain/tasks/status';
import { startOfDay, toInstant } from '../../domain/time/calendar';
import type { ValidationError } from '../../platform/contract/document/operations';
import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import type { Lane, WritableLane } from '../../platform/database/lane';
import type { Reminder, TaskRow } from '../../platform/database/rows';
import { findTimeZone } from '../profile/repository';
import { outsideArchived } from '../projects/archived';
import { liveTasks } from './repository';

interface NewReminder {
  readonly at?: string | null;
  readonly minutes_before_due?: number | null;
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
  const read = reminders.map(({ at = null, minutes_before_due = null }, index): Reminder => {
    const pointer = `/reminders/${index}`;
    if ((at === null) === (minutes_before_due === null)) {
      errors.push({
        pointer,
        code: 'contradiction',
        detail: 'must have either `at` or `minutes_before_due`',
      });
    } else if (minutes_before_due !== null && dueDate === null) {
      const detail = 'requires `due_date`';
      errors.push({ pointer: `${pointer}/minutes_before_due`, code: 'contradiction', detail });
    }
    return { at: at === null ? null : new Date(at).toISOString(), minutes_before_due };
  });
  return errors.length > 0 ? errors : read;
}

type Reminded = Pick<TaskRow, 'reminders' | 'due_date' | 'due_time' | 'time_zone' | 'due_at'>;

function dueInstant(task: Reminded, zone: string): Date | null {
  if (task.due_at !== null) return task.due_at;
  if (task.due_date === null) return null;
  if (task.due_time === null) return startOfDay(task.due_date, task.time_zone ?? zone);
  return toInstant(task.due_date, task.due_time, zone);
}

/** The instants of a task's reminders, in milliseconds. `zone` is the time zone for due dates that have none. */
function timesOf(task: Reminded, zone: string): number[] {
  const due = task.reminders.length > 0 ? dueInstant(task, zone) : null;
  return task.reminders.flatMap(({ at, minutes_before_due }) => {
    if (at !== null) return Date.parse(at);
    return due === null ? [] : due.getTime() - (minutes_before_due ?? 0) * 60_000;
  });
}

/** True if a change of a task can change the instants of its reminders. */
export function mayRearm(before: Reminded, after: Reminded): boolean {
  if (before.reminders.length === 0 && after.reminders.length === 0) return false;
  const facts = ({ reminders, due_date, due_time, time_zone }: Reminded) =>
    JSON.stringify([reminders, due_date, due_time, time_zone]);
  return facts(before) !== facts(after);
}

const none: Reminded = { reminders: [], due_date: null, due_time: null, time_zone: null, due_at: null };

/** The instants of a task's reminders before and after a change, in milliseconds. */
interface Rearming {
  readonly taskId: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Replaces the pending reminders of many tasks. @param firedUntil reminders up to this instant do not fire again */
async function rearm(lane: WritableLane, tasks: readonly Rearming[], firedUntil?: Date): Promise<void> {
  for (const chunk of chunksOf(tasks, rowsInStatement)) {
    const reminders = () =>
      lane.rows('reminders').whereRaw('task_id = any(?)', [chunk.map(({ taskId }) => taskId)]);
    const pending = Map.groupBy(await reminders().select('task_id', 'fire_at'), ({ task_id }) => task_id);
    const wanted = chunk.flatMap(({ taskId, before, after }) => {
      const waiting = new Set(pending.get(taskId)?.map(({ fire_at }) => fire_at.getTime()));
      const past = new Set(before);
      const hasFired = (time: number) =>
        !waiting.has(time) && (past.has(time) || time <= (firedUntil?.getTime() ?? Number.NEGATIVE_INFINITY));
      return [...new Set(after.filter((time) => !hasFired(time)))].map((time) => ({
        task_id: taskId,
        fire_at: new Date(time),
      }));
    });
    await Promise.all([
      reminders().delete(),
      ...chunksOf(wanted, rowsInStatement).map((rows) => lane.insert('reminders', rows)),
    ]);
  }
}

/**
 * Sets the pending reminders of a task that was created or changed. Reminders that have fired do not fire again.
 * @param firedUntil for a task that returns to an earlier occurrence: its reminders up to this instant have fired
 */
export async function armReminders(
  lane: WritableLane,
  before: TaskRow | null,
  after: TaskRow,
  firedUntil?: Date,
): Promise<void> {
  const previous = before ?? none;
  if (!mayRearm(previous, after)) return;
  const zone = await findTimeZone(lane);
  const times = { before: timesOf(previous, zone), after: timesOf(after, zone) };
  await rearm(lane, [{ taskId: after.id, ...times }], firedUntil);
}

/** Sets the pending reminders of many tasks whose dates moved. */
export async function armMoved(
  lane: WritableLane,
  moves: readonly { readonly before: Reminded & { id: string }; readonly after: Reminded }[],
): Promise<void> {
  const reminded = moves.filter(({ before, after }) => mayRearm(before, after));
  if (reminded.length === 0) return;
  const zone = await findTimeZone(lane);
  await rearm(
    lane,
    reminded.map(({ before, after }) => ({
      taskId: before.id,
      before: timesOf(before, zone),
      after: timesOf(after, zone),
    })),
  );
}

/** Sets the pending reminders of imported tasks. Past reminders count as fired. */
export async function armImported(lane: WritableLane, rows: readonly TaskRow[]): Promise<void> {
  const reminded = rows.filter((row) => row.reminders.length > 0);
  if (reminded.length === 0) return;
  const zone = await findTimeZone(lane);
  const now = Date.now();
  const times = reminded.flatMap((row) =>
    [...new Set(timesOf(row, zone))]
      .filter((time) => time > now)
      .map((time) => ({ task_id: row.id, fire_at: new Date(time) })),
  );
  if (times.length > 0) await lane.insert('reminders', times);
}

/** Moves the reminders that depend on the profile's time zone, after the zone has changed. */
export async function moveReminders(
  lane: WritableLane,
  zones: { before: string; after: string },
): Promise<void> {
  const rows: (Reminded & { id: string })[] = await liveTasks(lane)
    .whereNotNull('due_date')
    .whereNull('due_at')
    .whereRaw(`reminders <> '[]'`)
    .select('id', 'reminders', 'due_date', 'due_time', 'time_zone', 'due_at');
  await rearm(
    lane,
    rows.map((row) => ({
      taskId: row.id,
      before: timesOf(row, zones.before),
      after: timesOf(row, zones.after),
    })),
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
    .orderBy(['fire_at', 'task_id'])
    .limit(limit)
    .select('task_id', 'fire_at');
  const open = await openAmong(
    lane,
    due.map((each) => each.task_id),
  );
  await lane
    .rows('reminders')
    .whereRaw('(task_id, fire_at) in (select * from unnest(?::uuid[], ?::timestamptz[]))', [
      due.map(({ task_id }) => task_id),
      due.map(({ fire_at }) => fire_at),
    ])
    .delete();
  for (const { task_id, fire_at } of due) {
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
