import type { Lane } from '../../platform/database/lane';
import type { ProfileRow, TaskPriority, TaskStatus } from '../../platform/database/rows';
import { archivedProjects } from '../archived-projects/tasks';
import { reopenedTasks } from '../completions/repository';
import { liveTasks } from '../tasks/repository';

/** The number of tasks with the same status, priority and project. */
export interface TaskGroup {
  readonly status: TaskStatus;
  readonly priority: TaskPriority;
  readonly project_id: string | null;
  /** True if the project is archived. */
  readonly archived: boolean;
  readonly count: number;
  /** When the first of them was completed; null if none is. */
  readonly first_completed: Date | null;
}

/** The query for `countByKind`. */
export function kindsQuery(lane: Lane) {
  const archived = lane.expression('project_id in (?) is true as archived', [
    archivedProjects(lane),
  ] as never);
  return liveTasks(lane)
    .groupBy('status', 'priority', 'project_id')
    .orderByRaw('project_id nulls first')
    .select('status', 'priority', 'project_id', archived, lane.expression('count(*)::integer as count'))
    .min({ first_completed: 'completed_at' });
}

/** The number of the lane's tasks by status, priority and project, without tasks in the trash. */
export async function countByKind(lane: Lane): Promise<TaskGroup[]> {
  return kindsQuery(lane) as never;
}

/** The query for `findProfileSince`. */
export function profileSinceQuery(lane: Lane) {
  const since = lane.expression('least(profiles.created_at, ?, ?, ?) as since', [
    lane.rows('completions').min('completed_at'),
    lane.rows('purged_completions').min('completed_at'),
    lane.rows('tasks').whereNotNull('deleted_with').min('completed_at'),
  ] as never);
  return lane.rows('profiles').first('profiles.*', since);
}

/**
 * The lane's profile with an instant before which no occurrence, and no task that is purged or in the trash, was completed;
 * undefined if the lane was never written to.
 */
export async function findProfileSince(lane: Lane): Promise<(ProfileRow & { since: Date }) | undefined> {
  return profileSinceQuery(lane) as never;
}

/** Offsets of a time zone from UTC in order, each with the instant when it begins. */
export type Offsets = readonly { readonly from: Date; readonly seconds: number }[];

/**
 * The query for `findCompletions`: completions by day, and streaks. Completed tasks, completions of occurrences, and
 * completed subtasks that a completion has reopened all count, also in the trash and after a purge: deleting a task
 * does not undo what was done. A completion can be in several of these places, for example in a record and on its task, and
 * counts once.
 */
export function completionsQuery(
  lane: Lane,
  { from, until, yesterday, offsets }: { from: string; until: string; yesterday: string; offsets: Offsets },
) {
  const records = lane.rows('completions').select('task_id', 'completed_at', 'reopened');
  // The number tells completions of a task at the same instant apart.
  const first = lane.expression('1 as number');
  const finished = lane
    .rows('tasks')
    .whereNotNull('completed_at')
    .select('id as task_id', 'completed_at', first);
  const purged = lane
    .rows('purged_completions')
    .select('task_id', 'completed_at', lane.expression('generate_series(1, count) as number'));
  const instants = offsets.map((offset, index) => (index === 0 ? '-infinity' : offset.from.toISOString()));
  const localDay = lane.expression(
    `(completed_at at time zone 'UTC'
      + make_interval(secs => (?::integer[])[width_bucket(completed_at, ?::timestamptz[])]))::date`,
    [offsets.map((offset) => offset.seconds), instants] as never,
  );
  return lane
    .rows('profiles')
    .with('record', records)
    .with('reopened', (query) =>
      query
        .from('record')
        .joinRaw(reopenedTasks)
        .where('task.status', 'completed')
        .select('task.id as task_id', 'task.completed_at', first),
    )
    .with(
      'other',
      finished.union(purged as never).union((query) => query.from('reopened').select('*') as never),
    )
    .with('done', (query) =>
      query
        .from('record')
        .select('completed_at')
        .unionAll((union) =>
          union
            .from('other')
            .whereNotExists((known) =>
              known
                .from('record')
                .whereRaw('record.task_id = other.task_id and record.completed_at = other.completed_at')
                .select('task_id'),
            )
            .select('completed_at'),
        ),
    )
    .with('days', (query) =>
      query
        .from('done')
        .select(lane.expression('? as day', [localDay] as never), lane.expression('count(*)'))
        .groupBy('day'),
    )
    .with('streaks', (query) =>
      query
        .from(
          lane.expression(
            '(select day, day - row_number() over (order by day)::integer as start from days) as run',
          ),
        )
        .groupBy('start')
        .select(lane.expression('max(day) as last, count(*) as length')),
    )
    .first(
      lane.expression(`(select json_object_agg(day, count) from days where day between ? and ?) as counts`, [
        from,
        until,
      ]),
      lane.expression('coalesce((select max(length) from streaks), 0)::integer as longest'),
      lane.expression('coalesce((select max(length) from streaks where last >= ?), 0)::integer as current', [
        yesterday,
      ]),
    );
}

export interface Completions {
  /** By day, `YYYY-MM-DD`; days without completions are left out. */
  readonly counts: Readonly<Record<string, number>>;
  /** Streaks in days: the longest of all time, and the current one that ends yesterday or today. */
  readonly longest: number;
  readonly current: number;
}

/** The completions of the days from `from` to `until` (inclusive), and the streaks. */
export async function findCompletions(
  lane: Lane,
  range: Parameters<typeof completionsQuery>[1],
): Promise<Completions> {
  const row = (await completionsQuery(lane, range)) as unknown as
    | { counts: Record<string, number> | null; longest: number; current: number }
    | undefined;
  return { counts: row?.counts ?? {}, longest: row?.longest ?? 0, current: row?.current ?? 0 };
}
