'use client';
import { useState } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { toggleComplete } from '@/features/tasks/complete';
import { useIsLingering } from '@/features/tasks/lingering';
import { Ring } from '@/features/tasks/ring';
import { openDetails } from '@/lib/router';
import { type Task, useTasks } from '@/lib/tasklane';
import { Icon } from '@/ui/icons';
import styles from './subtasks.module.css';

/** The subtasks of a task, and a field for new ones. */
export function Subtasks({ task }: { task: Task }) {
  const app = useApp();
  const subtasks = useTasks({ parent_id: task.id, sort: ['position'] }) ?? [];
  const [title, setTitle] = useState('');
  function add() {
    if (title.trim() === '') return;
    app.actions.create({ title: title.trim(), parent_id: task.id });
    setTitle('');
  }
  const done = subtasks.filter(({ completed }) => completed).length;
  return (
    <section className={styles.subtasks} aria-labelledby="subtasks">
      <h2 id="subtasks">Subtasks {subtasks.length > 0 && <span>{`${done}/${subtasks.length}`}</span>}</h2>
      <ul>
        {subtasks.map((each) => (
          <Subtask key={each.id} task={each} />
        ))}
        <li className={styles.row}>
          <span className={styles.plus}>
            <Icon name="plus" size={18} />
          </span>
          <input
            className={styles.input}
            aria-label="Add a subtask"
            placeholder="Add a subtask"
            enterKeyHint="done"
            value={title}
            onChange={(event) => setTitle(event.target.value)}
            onBlur={add}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && !event.nativeEvent.isComposing) add();
              if (event.key === 'Escape') {
                event.preventDefault();
                setTitle('');
                event.currentTarget.blur();
              }
            }}
          />
        </li>
      </ul>
    </section>
  );
}

function Subtask({ task }: { task: Task }) {
  const app = useApp();
  const isLingering = useIsLingering(task.id);
  const isDone = task.completed || isLingering;
  return (
    <li className={styles.row} data-done={isDone || undefined}>
      <Ring task={task} isDone={isDone} onToggle={() => toggleComplete(app, [task])} />
      <button type="button" className={styles.title} onClick={() => openDetails(task.id)}>
        {task.title}
      </button>
    </li>
  );
}
