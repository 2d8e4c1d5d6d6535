'use client';
import type { MouseEvent, ReactNode } from 'react';
import { priorityNames } from '@/features/tasks/commands';
import { isOverdue } from '@/features/tasks/meta';
import { sayDate } from '@/lib/dates';
import { type OverlayName, openOverlay } from '@/lib/overlays';
import { type Task, useProjects } from '@/lib/tasklane';
import { useNow } from '@/lib/use-today';
import { Icon, type IconName } from '@/ui/icons';
import styles from './properties.module.css';
import { Reminders } from './reminders';
import { Repeat } from './repeat';

type Picker = Extract<OverlayName, 'schedule' | 'pick-project' | 'pick-tags' | 'pick-priority'>;

/** The fields of a task, one line each. */
export function Properties({ task }: { task: Task }) {
  const now = useNow();
  const [today, time] = [now.slice(0, 10), now.slice(11)];
  const project = useProjects()?.find(({ id }) => id === task.project_id);
  const open = (name: Picker) => (event: MouseEvent<HTMLElement>) =>
    openOverlay(name, { taskIds: [task.id], anchor: event.currentTarget });
  const due = task.due_date && [sayDate(task.due_date, today), task.due_time].filter(Boolean).join(' ');
  return (
    <dl className={styles.fields}>
      <Field name="Date" icon="upcoming">
        <button
          type="button"
          className={styles.value}
          data-overdue={isOverdue(task, today, time) || undefined}
          data-empty={!due || undefined}
          onClick={open('schedule')}
        >
          {due || 'No date'}
        </button>
      </Field>
      <Field name="Repeat" icon="repeat">
        <Repeat task={task} />
      </Field>
      <Field name="Reminders" icon="bell">
        <Reminders task={task} />
      </Field>
      <Field name="Priority" icon="flag">
        <button
          type="button"
          className={styles.value}
          data-priority={task.priority}
          onClick={open('pick-priority')}
        >
          {priorityNames[task.priority]}
        </button>
      </Field>
      <Field name="Project" icon="project">
        <button type="button" className={styles.value} onClick={open('pick-project')}>
          {project ? project.name : 'Inbox'}
        </button>
      </Field>
      <Field name="Tags" icon="tag">
        <button
          type="button"
          className={styles.value}
          data-empty={task.tags.length === 0 || undefined}
          onClick={open('pick-tags')}
        >
          {task.tags.map((tag) => `@${tag}`).join('  ') || 'No tags'}
        </button>
      </Field>
    </dl>
  );
}

function Field({ name, icon, children }: { name: string; icon: IconName; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <dt>
        <Icon name={icon} size={18} />
        {name}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
