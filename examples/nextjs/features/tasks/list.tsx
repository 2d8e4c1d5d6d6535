'use client';
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { openOverlay } from '@/lib/overlays';
import { useAddress } from '@/lib/router';
import { focusTask } from '@/lib/rows';
import { selection } from '@/lib/selection';
import { useStore } from '@/lib/store';
import { type Project, type Task, useProjects, useTasks } from '@/lib/tasklane';
import { useNow } from '@/lib/use-today';
import { toggleComplete } from './complete';
import { useGestures } from './gestures';
import { useLingering } from './lingering';
import styles from './list.module.css';
import { moveTask, offerOrder } from './order';
import { Row } from './row';
import { useSlide } from './slide';
import { treeOf } from './tree';

export interface Group {
  readonly id: string;
  readonly title?: ReactNode;
  /** What stands at the end of the heading. */
  readonly action?: ReactNode;
  readonly tasks: readonly Task[];
  /** The date that the title says, so that the rows do not repeat it. */
  readonly hiddenDate?: string;
  /** Whether the user can order them. */
  readonly isOrdered?: boolean;
}

export interface TaskListProps {
  /** The name of the list for screen readers. */
  readonly label: string;
  readonly groups: readonly Group[];
  /** Whether subtasks stand below their parents. */
  readonly isTree?: boolean;
  readonly showsProject?: boolean;
}

/** The numbers of completed and of all subtasks, by parent. */
function useSubtaskCounts(): ReadonlyMap<string, readonly [number, number]> {
  const subtasks = useTasks({ has: ['parent'] });
  return useMemo(() => {
    const counts = new Map<string, readonly [number, number]>();
    for (const { parent_id, completed } of subtasks ?? []) {
      const [done, all] = counts.get(parent_id as string) ?? [0, 0];
      counts.set(parent_id as string, [done + (completed ? 1 : 0), all + 1]);
    }
    return counts;
  }, [subtasks]);
}

/** Tasks in groups. Its rows are what the keys act on. */
export function TaskList({ label, groups, isTree = false, showsProject = false }: TaskListProps) {
  const app = useApp();
  const { lane } = app;
  const now = useNow();
  const [today, time] = [now.slice(0, 10), now.slice(11)];
  const projects = useProjects();
  const projectById = useMemo(
    () => new Map<string, Project>(projects?.map((each) => [each.id, each])),
    [projects],
  );
  const counts = useSubtaskCounts();
  const openId = useAddress()?.searchParams.get('task') ?? null;
  const focused = useStore(selection, (value) => value.focused);
  const all = useMemo(() => groups.flatMap(({ tasks }) => tasks), [groups]);
  const first = all.some(({ id }) => id === focused) ? focused : all[0]?.id;
  useKeptFocus(all);
  const ref = useRef<HTMLElement>(null);
  useSlide(
    ref,
    all.map(({ id }) => id),
  );
  useGestures(ref, {
    onSwipe(taskId, direction, row) {
      const task = lane.tasks.get(taskId);
      if (task && direction === 'right') toggleComplete(app, [task]);
      else openOverlay('schedule', { taskIds: [taskId], anchor: row });
    },
    onMove(taskId, move, inTree) {
      const task = lane.tasks.get(taskId);
      if (task) moveTask(app, task, move, inTree);
    },
  });
  return (
    <section ref={ref} className={styles.list} aria-label={label}>
      {groups.map((group) => (
        <GroupSection key={group.id} {...group} get={lane.tasks.get} isTree={isTree}>
          {(task, level) => {
            const [done, count] = counts.get(task.id) ?? [];
            return (
              <Row
                key={task.id}
                task={task}
                level={level}
                today={today}
                time={time}
                done={done}
                all={count}
                parent={!isTree && task.parent_id ? lane.tasks.get(task.parent_id) : undefined}
                project={showsProject && task.project_id ? projectById.get(task.project_id) : undefined}
                hiddenDate={group.hiddenDate}
                isStop={task.id === first}
                isOpen={task.id === openId}
              />
            );
          }}
        </GroupSection>
      ))}
    </section>
  );
}

interface GroupSectionProps extends Group {
  readonly get: (id: string) => Task | undefined;
  readonly isTree: boolean;
  readonly children: (task: Task, level: number) => ReactNode;
}

function GroupSection({
  id,
  title,
  action,
  tasks,
  get,
  isTree,
  isOrdered = isTree,
  children,
}: GroupSectionProps) {
  const shown = useLingering(tasks, get);
  const rows = useMemo(
    () => (isTree ? treeOf(shown) : shown.map((task) => ({ task, level: 0 }))),
    [shown, isTree],
  );
  useEffect(() => (isOrdered ? offerOrder(id, { rows, isTree }) : undefined), [id, rows, isTree, isOrdered]);
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby={title ? `group-${id}` : undefined} className={styles.group}>
      {title && (
        <div className={styles.heading}>
          <h2 id={`group-${id}`}>{title}</h2>
          {action}
        </div>
      )}
      <ul>{rows.map(({ task, level }) => children(task, level))}</ul>
    </section>
  );
}

/** If the row with the focus disappears, the row that takes its place gets the focus. */
function useKeptFocus(tasks: readonly Task[]): void {
  const had = useRef<{ ids: readonly string[]; focused: string | null }>({ ids: [], focused: null });
  useLayoutEffect(() => {
    const { ids, focused } = had.current;
    const present = tasks.map(({ id }) => id);
    const hasRow =
      focused !== null && document.querySelector(`[data-task="${CSS.escape(focused)}"]`) !== null;
    if (focused !== null && !hasRow && document.activeElement === document.body) {
      const index = ids.indexOf(focused);
      const next =
        ids.slice(index + 1).find((id) => present.includes(id)) ??
        ids.slice(0, index).findLast((id) => present.includes(id));
      if (next) focusTask(next);
      else document.querySelector<HTMLElement>('main h1')?.focus();
    }
    const active = document.activeElement?.closest<HTMLElement>('[data-task]')?.dataset.task ?? null;
    had.current = { ids: present, focused: active };
  });
  useLayoutEffect(() => {
    const follow = (event: FocusEvent) => {
      const row = (event.target as Element).closest<HTMLElement>('main [data-task]');
      had.current = { ...had.current, focused: row?.dataset.task ?? null };
    };
    document.addEventListener('focusin', follow);
    return () => document.removeEventListener('focusin', follow);
  }, []);
}
