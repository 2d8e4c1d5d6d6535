/** Rows of tasks with their levels, and where a task can move to. */
import type { Task, TaskMove } from '@/lib/tasklane';

export interface TreeRow {
  readonly task: Task;
  /** How many tasks are above it. */
  readonly level: number;
}

/** Tasks have at most five levels. */
const lastLevel = 4;

/** The tasks with their levels: subtasks follow their parents. */
export function treeOf(tasks: readonly Task[]): readonly TreeRow[] {
  const ids = new Set(tasks.map(({ id }) => id));
  const children = Map.groupBy(tasks, ({ parent_id }) =>
    parent_id !== null && ids.has(parent_id) ? parent_id : null,
  );
  const below = (parent: string | null, level: number): TreeRow[] =>
    (children.get(parent) ?? []).flatMap((task) => [{ task, level }, ...below(task.id, level + 1)]);
  return below(null, 0);
}

/** The rows of a task and of all its subtasks: from an index, and how many. */
export function branchOf(rows: readonly TreeRow[], taskId: string): readonly [from: number, count: number] {
  const from = rows.findIndex(({ task }) => task.id === taskId);
  const level = rows[from]?.level ?? 0;
  const end = rows.findIndex((row, index) => index > from && row.level <= level);
  return [from, (end < 0 ? rows.length : end) - from];
}

/** The levels that a branch can have between two rows of the others. */
export function levelsAt(
  rows: readonly TreeRow[],
  gap: number,
  height: number,
): readonly [least: number, most: number] {
  const before = rows[gap - 1];
  const next = rows[gap];
  const most = before ? Math.min(before.level + 1, lastLevel - height) : 0;
  return [Math.min(next?.level ?? 0, most), most];
}

/**
 * The move that puts a task between two rows, at a level. `rows` are those without the task and its subtasks, and `gap` is the
 * index of the row after it. Undefined if it is alone in its place.
 */
export function moveTo(rows: readonly TreeRow[], gap: number, level: number): TaskMove {
  const before = rows.slice(0, gap);
  const parent = level === 0 ? undefined : before.findLast((row) => row.level === level - 1);
  const start = parent ? before.indexOf(parent) + 1 : 0;
  const sibling = before.slice(start).findLast((row) => row.level === level);
  const rest = rows.slice(gap);
  const next = rest[0]?.level === level ? rest[0] : undefined;
  const anchor = sibling ? { after: sibling.task.id } : next ? { before: next.task.id } : {};
  return { ...anchor, parent_id: parent ? parent.task.id : null };
}

export type Direction = 'up' | 'down' | 'in' | 'out';

/** The move of a task by one step; undefined if it cannot go there. */
export function stepOf(rows: readonly TreeRow[], taskId: string, direction: Direction): TaskMove | undefined {
  const [from, count] = branchOf(rows, taskId);
  if (from < 0) return undefined;
  const { level } = rows[from] as TreeRow;
  const branch = rows.slice(from, from + count);
  const height = Math.max(...branch.map((row) => row.level)) - level;
  const others = [...rows.slice(0, from), ...rows.slice(from + count)];
  const siblings = (index: number): boolean => others[index]?.level === level;
  switch (direction) {
    case 'up': {
      let gap = from - 1;
      while (gap >= 0 && (others[gap]?.level ?? 0) > level) gap--;
      return siblings(gap) ? moveTo(others, gap, level) : undefined;
    }
    case 'down': {
      if (!siblings(from)) return undefined;
      let gap = from + 1;
      while (gap < others.length && (others[gap]?.level ?? 0) > level) gap++;
      return moveTo(others, gap, level);
    }
    case 'in':
      return level + 1 <= levelsAt(others, from, height)[1] ? moveTo(others, from, level + 1) : undefined;
    case 'out': {
      if (level === 0) return undefined;
      // It goes behind the whole branch of its parent.
      let gap = from;
      while (gap < others.length && (others[gap]?.level ?? 0) >= level) gap++;
      return moveTo(others, gap, level - 1);
    }
  }
}
