'use client';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { TaskList } from '@/features/tasks/list';
import { useTasks } from '@/lib/tasklane';

/** All open tasks, the next due first. */
export function AllScreen() {
  const tasks = useTasks({ status: ['pending', 'in_progress'], sort: ['due', 'position'] });
  return (
    <ScreenFrame title="All tasks" detail={tasks && `${tasks.length} open`}>
      {tasks && <TaskList label="All tasks" groups={[{ id: 'all', tasks }]} showsProject />}
      {tasks?.length === 0 && <Empty>You have no open tasks.</Empty>}
    </ScreenFrame>
  );
}
