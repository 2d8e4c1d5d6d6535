'use client';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { TaskList } from '@/features/tasks/list';
import { useTasks } from '@/lib/tasklane';

/** The open tasks with a tag. */
export function TagScreen({ rest }: { rest: string }) {
  const tasks = useTasks({ status: ['pending', 'in_progress'], tags_any: [rest], sort: ['due', 'position'] });
  return (
    <ScreenFrame title={`@${rest}`}>
      {tasks && (
        <TaskList label={`Tasks with the tag ${rest}`} groups={[{ id: 'tag', tasks }]} showsProject />
      )}
      {tasks?.length === 0 && <Empty>No open task has this tag.</Empty>}
    </ScreenFrame>
  );
}
