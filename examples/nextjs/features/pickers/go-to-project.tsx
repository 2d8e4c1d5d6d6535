'use client';
import { useApp } from '@/features/shell/app-provider';
import { showUndo } from '@/features/undo/commands';
import { navigate } from '@/lib/router';
import { useProjects } from '@/lib/tasklane';
import { ChoicePopover } from './choice';

declare module '@/lib/overlays' {
  interface Overlays {
    'go-to-project': object;
  }
}

/** Leads to a project, or makes one. */
export function GoToProject({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const projects = useProjects({ archived: false }) ?? [];
  const go = (id: string) => {
    onClose();
    navigate(`/project/${id}`);
  };
  return (
    <ChoicePopover
      label="Go to a project"
      placeholder="Go to project, or type a new name"
      choices={projects.map(({ id, name, color }) => ({ id, title: name, dot: color }))}
      create={{
        label: (name) => `New project “${name}”`,
        run: (name) => {
          const { id, step } = app.actions.createProject(name);
          go(id);
          showUndo(app, step);
        },
      }}
      onChoose={go}
      onClose={onClose}
    />
  );
}
