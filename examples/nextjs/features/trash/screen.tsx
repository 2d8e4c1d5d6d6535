'use client';
import type { ReactNode } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { showUndo } from '@/features/undo/commands';
import { sayDate } from '@/lib/dates';
import { openOverlay } from '@/lib/overlays';
import { navigate } from '@/lib/router';
import { useTasklane } from '@/lib/tasklane';
import { useToday } from '@/lib/use-today';
import { Button } from '@/ui/button';
import { Icon, type IconName } from '@/ui/icons';
import { showToast } from '@/ui/toast';
import styles from './screen.module.css';
import { useTrash } from './use-trash';

/** What was deleted: it can be restored, or deleted for good. */
export default function TrashScreen() {
  const app = useApp();
  const { client } = useTasklane();
  const { trash, isAway, read } = useTrash();
  const own = client.lane(app.lane.userId).trash;

  async function forGood(act: () => Promise<void>) {
    await act().catch(() => showToast({ text: 'The service cannot be reached. Try again later.' }));
    await read();
  }
  const count = (trash?.items.length ?? 0) + (trash?.projects.length ?? 0);
  const empty = (
    <Button
      onClick={() =>
        openOverlay('confirm', {
          title: 'Empty the trash?',
          text: 'Everything in it is deleted for good. This cannot be taken back.',
          action: 'Empty the trash',
          run: () => void forGood(() => own.empty()),
        })
      }
    >
      Empty the trash
    </Button>
  );
  return (
    <ScreenFrame title="Trash" actions={count > 0 && empty}>
      {isAway && !trash && (
        <p className={styles.note}>The trash shows as soon as the service can be reached.</p>
      )}
      <ul className={styles.list}>
        {trash?.projects.map(({ project, deleted_at, task_count }) => (
          <Entry
            key={project.id}
            icon="project"
            title={project.name}
            deletedAt={deleted_at}
            count={task_count}
            onRestore={() => showUndo(app, app.actions.restoreProject(project))}
          />
        ))}
        {trash?.items.map(({ task, deleted_at, task_count }) => (
          <Entry
            key={task.id}
            icon="ring"
            title={task.title}
            deletedAt={deleted_at}
            count={task_count - 1}
            onRestore={() => showUndo(app, app.actions.restore(task))}
            onPurge={() =>
              openOverlay('confirm', {
                title: 'Delete for good?',
                text: `“${task.title}” cannot be restored after that.`,
                action: 'Delete for good',
                run: () => void forGood(() => own.purge(task.id)),
              })
            }
          />
        ))}
      </ul>
      {trash && count === 0 && (
        <Empty action={<Button onClick={() => navigate('/today')}>Go to Today</Button>}>
          The trash is empty.
        </Empty>
      )}
    </ScreenFrame>
  );
}

function Entry({
  icon,
  title,
  deletedAt,
  count,
  onRestore,
  onPurge,
}: {
  icon: IconName;
  title: string;
  deletedAt: string;
  /** The number of tasks that were deleted with it. */
  count: number;
  onRestore: () => void;
  onPurge?: () => void;
}): ReactNode {
  const today = useToday();
  return (
    <li className={styles.entry}>
      <Icon name={icon} size={18} />
      <span className={styles.title}>{title}</span>
      <span className={styles.detail}>
        {count > 0 && `${count === 1 ? '1 task' : `${count} tasks`} in it · `}
        {sayDate(deletedAt.slice(0, 10), today)}
      </span>
      <Button look="quiet" aria-label={`Restore “${title}”`} onClick={onRestore}>
        Restore
      </Button>
      {onPurge && (
        <Button look="icon" aria-label={`Delete “${title}” for good`} onClick={onPurge}>
          <Icon name="trash" size={18} />
        </Button>
      )}
    </li>
  );
}
