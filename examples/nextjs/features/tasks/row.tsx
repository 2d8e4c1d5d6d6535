'use client';
import { memo } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { openDetails } from '@/lib/router';
import { selection, setFocused, toggleMark } from '@/lib/selection';
import { useStore } from '@/lib/store';
import type { Project, Task } from '@/lib/tasklane';
import { Icon } from '@/ui/icons';
import { toggleComplete } from './complete';
import { indentPx } from './gestures';
import { useIsLingering } from './lingering';
import { Meta } from './meta';
import { Ring } from './ring';
import styles from './row.module.css';

export interface RowProps {
  readonly task: Task;
  readonly today: string;
  readonly time: string;
  readonly project?: Project | undefined;
  readonly parent?: Task | undefined;
  readonly done?: number | undefined;
  readonly all?: number | undefined;
  /** How many tasks are above it in the tree. */
  readonly level?: number;
  /** A date that the list says already. */
  readonly hiddenDate?: string | undefined;
  /** Whether the tab key stops here: once in each list. */
  readonly isStop: boolean;
  /** Whether its details are open. */
  readonly isOpen: boolean;
}

/** A task in a list. */
export const Row = memo(function Row({
  task,
  project,
  parent,
  done,
  all,
  level = 0,
  isStop,
  isOpen,
  ...meta
}: RowProps) {
  const app = useApp();
  const isMarked = useStore(selection, ({ marked }) => marked.has(task.id));
  const isLingering = useIsLingering(task.id);
  const isDone = task.completed || isLingering;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter is a command.
    <li
      className={styles.row}
      data-task={task.id}
      data-done={isDone || undefined}
      data-marked={isMarked || undefined}
      data-open={isOpen || undefined}
      style={level > 0 ? { marginInlineStart: `${level * indentPx}px` } : undefined}
      tabIndex={isStop ? 0 : -1}
      onFocus={() => setFocused(task.id)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey) toggleMark(task.id);
        else openDetails(task.id);
      }}
    >
      <span className={styles.under} aria-hidden="true">
        <Icon name="check" />
        <Icon name="upcoming" />
      </span>
      <span className={styles.content} data-content="">
        <Ring
          task={task}
          isDone={isDone}
          tabIndex={isStop ? 0 : -1}
          onToggle={() => toggleComplete(app, [task])}
        />
        <span className={styles.texts}>
          <span className={styles.title}>
            <span className={styles.words}>{task.title}</span>
          </span>
          <Meta
            task={task}
            project={project}
            parent={parent}
            subtasks={all ? [done ?? 0, all] : undefined}
            {...meta}
          />
        </span>
      </span>
      {isMarked && <span className="visually-hidden">Selected</span>}
    </li>
  );
});
