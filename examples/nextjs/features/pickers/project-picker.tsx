'use client';
import { useApp } from '@/features/shell/app-provider';
import { showUndo } from '@/features/undo/commands';
import { nameOf } from '@/lib/actions';
import { useProjects } from '@/lib/tasklane';
import { ChoicePopover } from './choice';

declare module '@/lib/overlays' {
  interface Overlays {
    'pick-project': { readonly taskIds: readonly string[]; readonly anchor?: Element | null | undefined };
  }
}

const inbox = 'inbox';

/** Moves tasks into a project. */
export function ProjectPicker({
  taskIds,
  anchor,
  onClose,
}: {
  taskIds: readonly string[];
  anchor?: Element | null | undefined;
  onClose: () => void;
}) {
  const app = useApp();
  const projects = useProjects({ archived: false }) ?? [];
  const tasks = taskIds.flatMap((id) => app.lane.tasks.get(id) ?? []);
  const isIn = (id: string | null) => tasks.length > 0 && tasks.every(({ project_id }) => project_id === id);
  function move(projectId: string | null, name: string) {
    onClose();
    // A subtask leaves its parent, because a tree of tasks is in one project.
    const step = app.actions.update(
      tasks,
      (task) => ({ ...(task.parent_id !== null && { parent_id: null }), project_id: projectId }),
      `Moved ${nameOf(tasks)} to ${name}`,
    );
    showUndo(app, step);
  }
  return (
    <ChoicePopover
      label="Move to a project"
      placeholder="Move to…"
      anchor={anchor}
      choices={[
        { id: inbox, title: 'Inbox', icon: 'inbox', isChosen: isIn(null) },
        ...projects.map(({ id, name, color }) => ({ id, title: name, dot: color, isChosen: isIn(id) })),
      ]}
      create={{
        label: (name) => `New project “${name}”`,
        run: (name) => move(app.actions.createProject(name).id, name),
      }}
      onChoose={(id) =>
        id === inbox ? move(null, 'Inbox') : move(id, projects.find((each) => each.id === id)?.name ?? '')
      }
      onClose={onClose}
    />
  );
}
