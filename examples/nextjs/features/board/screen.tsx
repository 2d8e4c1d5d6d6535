'use client';
import { type KeyboardEvent, useMemo, useRef } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { ScreenFrame } from '@/features/shell/screen';
import { toggleComplete } from '@/features/tasks/complete';
import { Meta } from '@/features/tasks/meta';
import { Ring } from '@/features/tasks/ring';
import { showUndo } from '@/features/undo/commands';
import { addDays, todayIn } from '@/lib/dates';
import { preferences, setPreference } from '@/lib/preferences';
import { openDetails } from '@/lib/router';
import { focusTask } from '@/lib/rows';
import { selection, setFocused } from '@/lib/selection';
import { useStore } from '@/lib/store';
import { type Project, type Task, useProjects, useTasks } from '@/lib/tasklane';
import { useNow, useZone } from '@/lib/use-today';
import { type Column, columnsOf, type Grouping, moveToColumn } from './columns';
import { useCardDrag } from './drag';
import styles from './screen.module.css';

const daysOfDone = 7;

/** The tasks without their subtasks: the open ones, and in a board by status those that were completed lately. */
function useCards(grouping: Grouping): readonly Task[] {
  const open = useTasks({
    status: ['pending', 'in_progress'],
    has_not: ['parent'],
    sort: ['due', 'position'],
  });
  const since = addDays(todayIn(useZone()), -daysOfDone);
  const done = useTasks({
    status: 'completed',
    has_not: ['parent'],
    completed_after: `${since}T00:00:00Z`,
    sort: '-completed_at',
  });
  return useMemo(
    () => [...(open ?? []), ...(grouping === 'status' ? (done ?? []) : [])],
    [open, done, grouping],
  );
}

/** The tasks in columns. Alt with an arrow key moves a task to the column beside it. */
export default function BoardScreen() {
  const app = useApp();
  const grouping = useStore(preferences, (each) => each.board);
  const now = useNow();
  const cards = useCards(grouping);
  const projects = useProjects();
  const projectById = useMemo(
    () => new Map<string, Project>(projects?.map((each) => [each.id, each])),
    [projects],
  );
  const columns = columnsOf[grouping];
  const focused = useStore(selection, (each) => each.focused);
  const first = cards.some(({ id }) => id === focused) ? focused : cards[0]?.id;
  const board = useRef<HTMLDivElement>(null);

  function move(taskId: string, column: Column | undefined) {
    const task = app.lane.tasks.get(taskId);
    if (!task || !column || task[grouping] === column.id) return;
    showUndo(app, moveToColumn(app, task, grouping, column));
    requestAnimationFrame(() => focusTask(taskId));
  }
  useCardDrag(board, (taskId, columnId) =>
    move(
      taskId,
      columns.find(({ id }) => id === columnId),
    ),
  );
  function press(event: KeyboardEvent) {
    const card = (event.target as Element).closest<HTMLElement>('[data-task]');
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!card || step === 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const index = columns.findIndex(
      ({ id }) => id === card.closest<HTMLElement>('[data-column]')?.dataset.column,
    );
    if (event.altKey) return move(card.dataset.task as string, columns[index + step]);
    // Without Alt, the focus goes to the first card of the next column that has one.
    for (let at = index + step; columns[at]; at += step) {
      const next = board.current?.querySelector<HTMLElement>(
        `[data-column="${columns[at]?.id}"] [data-task]`,
      );
      if (next) return next.focus();
    }
  }
  return (
    <ScreenFrame
      title="Board"
      isWide
      actions={
        <select
          className={styles.grouping}
          aria-label="Columns"
          value={grouping}
          onChange={(event) => setPreference({ board: event.target.value as Grouping })}
        >
          <option value="status">By status</option>
          <option value="priority">By priority</option>
        </select>
      }
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys of its cards. */}
      <div ref={board} className={styles.board} onKeyDown={press}>
        {columns.map((column) => {
          const own = cards.filter((task) => task[grouping] === column.id);
          return (
            <section
              key={column.id}
              data-column={column.id}
              className={styles.column}
              aria-label={column.title}
            >
              <h2 className={styles.heading}>
                {column.title} <span className={styles.count}>{own.length}</span>
              </h2>
              <ul className={styles.cards}>
                {own.map((task) => (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: Enter is a command.
                  <li
                    key={task.id}
                    data-task={task.id}
                    data-done={task.completed || undefined}
                    className={styles.card}
                    tabIndex={task.id === first ? 0 : -1}
                    onFocus={() => setFocused(task.id)}
                    onClick={() => openDetails(task.id)}
                  >
                    <Ring
                      task={task}
                      isDone={task.completed}
                      tabIndex={task.id === first ? 0 : -1}
                      onToggle={() => toggleComplete(app, [task])}
                    />
                    <div className={styles.content}>
                      <span className={styles.title}>{task.title}</span>
                      <Meta
                        task={task}
                        today={now.slice(0, 10)}
                        time={now.slice(11)}
                        project={task.project_id === null ? undefined : projectById.get(task.project_id)}
                      />
                    </div>
                  </li>
                ))}
              </ul>
            </section>
          );
        })}
      </div>
    </ScreenFrame>
  );
}
