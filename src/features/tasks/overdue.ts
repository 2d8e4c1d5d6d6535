/** Overdue tasks: when a due date has passed, and the change that tells clients so, once for each due date. */
import { addDays, startOfDay, toInstant } from '../../domain/time/calendar';
import type { Lane, WritableLane } from '../../platform/database/lane';
import type { TaskRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import type { DatesAt } from './due';
import { moveReminders, openAmong } from './reminders';

/** The instant at which a due date has passed; an all-day task is overdue after its day. Null without a due date. */
export function overdueAt(
  { due_date, due_time, due_at }: Pick<DatesAt, 'due_date' | 'due_time' | 'due_at'>,
  zone: string,
): Date | null {
  if (due_at !== null || due_date === null) return due_at;
  return due_time === null ? startOfDay(addDays(due_date, 1), zone) : toInstant(due_date, due_time, zone);
}

/** The end of a due date as a local time for Postgres, in which 24:00 is the start of the next day. */
export function localEnd({ due_date, due_time }: Pick<DatesAt, 'due_date' | 'due_time'>): string {
  return `${due_date} ${due_time ?? '24:00'}`;
}

/** SQL for `overdueAt`, in a query of the profile. */
export function overdueAtOfProfile(lane: Lane, dueAt: unknown, localEnd: unknown) {
  return lane.expression('coalesce(?::timestamptz, ?::timestamp at time zone profiles.time_zone)', [
    dueAt as never,
    localEnd as never,
  ]);
}

/** SQL for `overdueAt`, in the time zone of the profile. */
export function overdueAtSql(lane: Lane, dueAt: unknown, localEnd: unknown) {
  return lane.rows('profiles').select(overdueAtOfProfile(lane, dueAt, localEnd));
}

/** Moves reminders, and the times at which tasks become overdue, to the new time zone of the profile. */
export async function moveInstants(lane: WritableLane, zone: string): Promise<void> {
  await moveReminders(lane, zone);
  const moved =
    '(case when due_time is null then (due_date + 1)::timestamp else due_local end) at time zone ?';
  const isTold = 'overdue_told is not distinct from overdue_at';
  await update(lane.rows('tasks').whereNotNull('due_date').whereNull('due_at'), {
    overdue_at: lane.expression(moved, [zone]),
    overdue_told: lane.expression(`case when ${isTold} then ${moved} else overdue_told end`, [zone]),
  });
}

/**
 * Records that tasks are overdue, at most `limit`. Nothing is recorded for a task that is closed, in the trash or in an archived
 * project.
 * @returns true if there may be more
 */
export async function recordOverdue(lane: WritableLane, limit: number): Promise<boolean> {
  const rows: Pick<TaskRow, 'id' | 'overdue_at'>[] = await lane
    .rows('tasks')
    .where('overdue_at', '<=', lane.now)
    .whereRaw('overdue_told is distinct from overdue_at')
    .orderBy(['overdue_at', 'id'])
    .limit(limit)
    .select('id', 'overdue_at');
  const ids = rows.map(({ id }) => id);
  const open = await openAmong(lane, ids);
  await update(lane.rows('tasks').whereRaw('id = any(?)', [ids]), {
    overdue_told: lane.expression('overdue_at'),
  });
  for (const { id, overdue_at } of rows) {
    if (!open.has(id)) continue;
    const to = (overdue_at as Date).toISOString();
    lane.changed({ type: 'task', id, action: 'overdue', fields: { overdue: { from: null, to } } });
  }
  return rows.length === limit;
}
