'use client';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { TaskList } from '@/features/tasks/list';
import { useTasks } from '@/lib/tasklane';

/** The open tasks without a project. */
export function InboxScreen() {
  const tasks = useTasks({ status: ['pending', 'in_progress'], has_not: ['project'], sort: ['position'] });
  return (
    <ScreenFrame title="Inbox">
      {tasks && <TaskList label="Inbox" groups={[{ id: 'inbox', tasks }]} isTree />}
      {tasks?.length === 0 && <Empty>Everything has a place.</Empty>}
    </ScreenFrame>
  );
}
