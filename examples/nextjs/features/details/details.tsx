'use client';
import { useEffect, useRef } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { Link } from '@/features/shell/link';
import { deleteTasks } from '@/features/tasks/commands';
import { toggleComplete } from '@/features/tasks/complete';
import { useIsLingering } from '@/features/tasks/lingering';
import { Ring } from '@/features/tasks/ring';
import { nameOf } from '@/lib/actions';
import { sayFullDate } from '@/lib/dates';
import { openDetails } from '@/lib/router';
import { focusRow } from '@/lib/rows';
import { type Task, useTask } from '@/lib/tasklane';
import { keepUnsaved } from '@/lib/unsaved';
import { useDraft } from '@/lib/use-draft';
import { useToday } from '@/lib/use-today';
import { Button } from '@/ui/button';
import { Icon } from '@/ui/icons';
import { TextArea } from '@/ui/text-area';
import styles from './details.module.css';
import { Properties } from './properties';
import { Subtasks } from './subtasks';

/** The details of a task beside its list; on phones a sheet. */
export function Details({ taskId, isSheet }: { taskId: string; isSheet: boolean }) {
  const task = useTask(taskId);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (task === null) openDetails(null);
  }, [task]);
  // A sheet covers the list, so the focus cannot stay there.
  useEffect(() => {
    if (isSheet) panel.current?.focus();
  }, [isSheet]);
  function close() {
    openDetails(null);
    requestAnimationFrame(() => focusRow());
  }
  return (
    <>
      {isSheet && (
        <button
          type="button"
          className={styles.scrim}
          aria-label="Close the details"
          tabIndex={-1}
          onClick={close}
        />
      )}
      <aside ref={panel} className={styles.panel} aria-label="Details" tabIndex={-1}>
        <div className={styles.bar}>
          {task?.parent_id ? <ParentLink parentId={task.parent_id} /> : <span />}
          <Button look="icon" aria-label="Close the details" onClick={close}>
            <Icon name="close" />
          </Button>
        </div>
        {task && <DetailsBody task={task} />}
      </aside>
    </>
  );
}

function ParentLink({ parentId }: { parentId: string }) {
  const parent = useTask(parentId);
  if (!parent) return <span />;
  return (
    <Button look="quiet" className={styles.parent} onClick={() => openDetails(parentId)}>
      <Icon name="back" size={16} />
      <span>{parent.title}</span>
    </Button>
  );
}

/** Everything about a task, each part to be changed in its place. */
export function DetailsBody({ task }: { task: Task }) {
  const app = useApp();
  const today = useToday();
  const isLingering = useIsLingering(task.id);
  const patchTitle = (text: string) => ({ title: text.trim() || task.title });
  const title = useDraft(
    task.title,
    (text) => {
      if (text.trim() !== '') app.actions.update([task], patchTitle(text), `Renamed ${nameOf([task])}`);
    },
    (text) => keepUnsaved(app.lane, task.id, patchTitle(text)),
  );
  const patchNotes = (text: string) => ({ description: text.trim() === '' ? null : text });
  const description = useDraft(
    task.description ?? '',
    (text) => app.actions.update([task], patchNotes(text), `Changed the notes of ${nameOf([task])}`),
    (text) => keepUnsaved(app.lane, task.id, patchNotes(text)),
  );
  return (
    <div className={styles.body}>
      <div className={styles.heading}>
        <Ring
          task={task}
          isDone={task.completed || isLingering}
          onToggle={() => toggleComplete(app, [task])}
        />
        <TextArea
          className={styles.title}
          aria-label="Title"
          maxLength={500}
          value={title.value}
          data-done={task.completed || undefined}
          onChange={(event) => title.change(event.target.value.replaceAll('\n', ' '))}
          onBlur={title.flush}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.nativeEvent.isComposing) event.currentTarget.blur();
            if (event.key === 'Enter' || event.key === 'Escape') event.preventDefault();
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </div>
      <Properties task={task} />
      <TextArea
        className={styles.notes}
        aria-label="Notes"
        placeholder="Notes"
        maxLength={10_000}
        value={description.value}
        onChange={(event) => description.change(event.target.value)}
        onBlur={description.flush}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          event.currentTarget.blur();
        }}
      />
      <Subtasks task={task} />
      <footer className={styles.foot}>
        <Link href={`/task/${task.id}`}>Added {sayFullDate(task.created_at.slice(0, 10), today)}</Link>
        <Button look="quiet" onClick={() => deleteTasks(app, [task])}>
          <Icon name="trash" size={16} /> Delete
        </Button>
      </footer>
    </div>
  );
}
