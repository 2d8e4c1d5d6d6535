'use client';
import type { Task } from '@/lib/tasklane';
import styles from './ring.module.css';

export interface RingProps {
  readonly task: Pick<Task, 'title' | 'priority'>;
  readonly isDone: boolean;
  readonly tabIndex?: number;
  readonly onToggle: () => void;
}

/** The round box that completes a task. Its colour is the priority. */
export function Ring({ task, isDone, tabIndex, onToggle }: RingProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a native checkbox cannot contain the drawing.
    <button
      type="button"
      role="checkbox"
      aria-checked={isDone}
      aria-label={`Complete “${task.title}”, priority ${task.priority}`}
      tabIndex={tabIndex}
      className={styles.ring}
      data-priority={task.priority}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <span className={styles.circle}>
        <svg aria-hidden="true" viewBox="0 0 18 18" width="18" height="18">
          <path d="M5 9.4 7.9 12.2 13 6.4" />
        </svg>
      </span>
    </button>
  );
}
