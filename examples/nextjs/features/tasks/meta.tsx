'use client';
import { sayDate } from '@/lib/dates';
import type { Project, Task } from '@/lib/tasklane';
import { Icon } from '@/ui/icons';
import styles from './meta.module.css';

export interface MetaProps {
  readonly task: Task;
  readonly today: string;
  /** The local time `HH:MM`. */
  readonly time: string;
  readonly project?: Project | undefined;
  readonly parent?: Task | undefined;
  /** The number of completed and of all subtasks. */
  readonly subtasks?: readonly [done: number, all: number] | undefined;
  /** A date that the list says already. */
  readonly hiddenDate?: string | undefined;
}

/** Whether a task is past due, at a local date and time. */
export function isOverdue({ due_date, due_time, completed }: Task, today: string, time: string): boolean {
  if (due_date === null || completed) return false;
  return due_date < today || (due_date === today && due_time !== null && due_time < time);
}

/** What a list shows of a task besides its title: one line. */
export function Meta({ task, today, time, project, parent, subtasks, hiddenDate }: MetaProps) {
  const { due_date, due_time, tags, rrule, reminders, description } = task;
  const date = due_date !== null && due_date !== hiddenDate ? sayDate(due_date, today) : null;
  const when = [date, due_time].filter(Boolean).join(' ');
  return (
    <span className={styles.meta}>
      {(when || rrule) && (
        <span
          className={styles.item}
          data-overdue={isOverdue(task, today, time) || undefined}
          data-today={due_date === today || undefined}
        >
          {when}
          {rrule && <Icon name="repeat" size={14} />}
        </span>
      )}
      {subtasks && (
        <span className={styles.item}>
          <Icon name="subtasks" size={14} />
          {subtasks[0]}/{subtasks[1]}
        </span>
      )}
      {reminders.length > 0 && (
        <span className={styles.item}>
          <Icon name="bell" size={14} />
        </span>
      )}
      {description && (
        <span className={styles.item}>
          <Icon name="note" size={14} />
        </span>
      )}
      {tags.map((tag) => (
        <span key={tag} className={styles.tag}>
          {tag}
        </span>
      ))}
      {parent && <span className={styles.parent}>{parent.title}</span>}
      {project && (
        <span className={styles.item}>
          <span className={styles.dot} style={project.color ? { background: project.color } : undefined} />
          {project.name}
        </span>
      )}
    </span>
  );
}
