'use client';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { navigate } from '@/lib/router';
import { useTask } from '@/lib/tasklane';
import { Button } from '@/ui/button';
import { DetailsBody } from './details';

/** A task by its own address. */
export default function TaskScreen({ rest }: { rest: string }) {
  const task = useTask(rest);
  if (task === null) {
    return (
      <ScreenFrame title="No such task">
        <Empty action={<Button onClick={() => navigate('/today')}>Go to Today</Button>}>
          It was deleted, or it belongs to somebody else.
        </Empty>
      </ScreenFrame>
    );
  }
  return <ScreenFrame title="Task">{task && <DetailsBody task={task} />}</ScreenFrame>;
}
