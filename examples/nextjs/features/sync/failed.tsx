'use client';
import { useApp } from '@/features/shell/app-provider';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { navigate } from '@/lib/router';
import { type FailedWrite, type LiveLane, useTasklane } from '@/lib/tasklane';
import { Button } from '@/ui/button';
import styles from './failed.module.css';
import { changes, sayWrite } from './words';

function titleOf({ tasks, projects, tags }: LiveLane, { name, id }: FailedWrite): string | undefined {
  if (name.startsWith('tasks.')) return tasks.get(id)?.title;
  return (name.startsWith('projects.') ? projects.get(id) : tags.get(id))?.name;
}

/** The changes that the service refused. */
export default function FailedScreen() {
  const { lane } = useApp();
  const { failed } = useTasklane();
  return (
    <ScreenFrame
      title="Not saved"
      actions={
        failed.length > 1 && (
          <Button onClick={() => void Promise.all(failed.map((each) => each.retry()))}>Try all again</Button>
        )
      }
    >
      <ul className={styles.list}>
        {failed.map((write) => {
          // The task is in the trash, where another device has put it.
          const isGone = write.problem.code.endsWith('-not-found');
          return (
            <li key={write.n} className={styles.item}>
              <div>
                <h2>{sayWrite(write, titleOf(lane, write))}</h2>
                <p className={styles.why}>{write.problem.detail}</p>
                {write.dependents.length > 0 && (
                  <p className={styles.why}>{changes(write.dependents.length)} more depend on it.</p>
                )}
              </div>
              <div className={styles.actions}>
                <Button onClick={() => void write.retry({ restore: isGone })}>
                  {isGone ? 'Restore and try again' : 'Try again'}
                </Button>
                <Button look="quiet" onClick={() => void write.discard()}>
                  Discard
                </Button>
              </div>
            </li>
          );
        })}
      </ul>
      {failed.length === 0 && (
        <Empty action={<Button onClick={() => navigate('/today')}>Go to Today</Button>}>
          Everything is saved.
        </Empty>
      )}
    </ScreenFrame>
  );
}
