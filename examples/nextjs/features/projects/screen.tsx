'use client';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { TaskList } from '@/features/tasks/list';
import { navigate } from '@/lib/router';
import { useProjects, useTasks } from '@/lib/tasklane';
import { Button } from '@/ui/button';

/** The open tasks of a project, in the user's order. */
export function ProjectScreen({ rest }: { rest: string }) {
  const projects = useProjects();
  const tasks = useTasks({ status: ['pending', 'in_progress'], project: rest, sort: ['position'] });
  const project = projects?.find(({ id }) => id === rest);
  if (projects && !project) {
    return (
      <ScreenFrame title="No such project">
        <Empty action={<Button onClick={() => navigate('/today')}>Go to Today</Button>}>
          It was deleted, or it belongs to somebody else.
        </Empty>
      </ScreenFrame>
    );
  }
  return (
    <ScreenFrame title={project?.name ?? ''}>
      {tasks && <TaskList label={project?.name ?? 'Project'} groups={[{ id: 'project', tasks }]} isTree />}
      {tasks?.length === 0 && <Empty>This project has no open tasks.</Empty>}
    </ScreenFrame>
  );
}
