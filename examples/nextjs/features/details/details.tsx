'use client';
import { useEffect } from 'react';
import { openDetails } from '@/lib/router';
import { focusRow } from '@/lib/rows';
import { type Task, useTask } from '@/lib/tasklane';
import { Button } from '@/ui/button';
import { Icon } from '@/ui/icons';
import styles from './details.module.css';

/** The details of a task beside its list; on phones a sheet. */
export function Details({ taskId }: { taskId: string }) {
  const task = useTask(taskId);
  useEffect(() => {
    if (task === null) openDetails(null);
  }, [task]);
  function close() {
    openDetails(null);
    focusRow();
  }
  return (
    <aside className={styles.panel} aria-label="Details">
      <div className={styles.bar}>
        <Button look="icon" aria-label="Close the details" onClick={close}>
          <Icon name="close" />
        </Button>
      </div>
      {task && <DetailsBody task={task} />}
    </aside>
  );
}

export function DetailsBody({ task }: { task: Task }) {
  return <h2>{task.title}</h2>;
}
