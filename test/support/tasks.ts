import { randomUUID } from 'node:crypto';
import { absentFields } from '../../src/features/tasks/fields';
import type { NewTask } from '../../src/features/tasks/write';
import type { TaskPriority, TaskStatus } from '../../src/platform/database/rows';
import { query } from './database';

/** A row of a task; omitted columns have their defaults. */
export interface TaskSeed {
  id?: string;
  title: string;
  description?: string | null;
  status?: TaskStatus;
  priority?: TaskPriority;
  created_at?: string;
  updated_at?: string;
}

/** A task for the repository to insert. */
export function newTask(
  title = 'A task',
): Required<Omit<NewTask, 'completed_at'>> & { priority: TaskPriority } {
  return {
    ...structuredClone(absentFields),
    id: randomUUID(),
    title,
    priority: 'medium',
  };
}

/** Inserts tasks directly into the database, so that a test can choose values that the service sets. */
export async function seedTasks(url: string, userId: string, tasks: readonly TaskSeed[]): Promise<string[]> {
  const rows = tasks.map((task) => ({ id: randomUUID(), ...task }));
  await query(url, 'select make_lane($1)', [userId]);
  await query(
    url,
    `insert into tasklane.tasks
       (lane_id, id, title, description, status, priority, completed_at, created_at, updated_at)
     select lane_of($1), id, title, description, coalesce(status, 'pending'), coalesce(priority, 'medium'),
       case when status = 'completed' then now() end, coalesce(created_at, now()), coalesce(updated_at, now())
     from jsonb_populate_recordset(null::tasklane.tasks, $2)`,
    [userId, JSON.stringify(rows)],
  );
  return rows.map((row) => row.id);
}
