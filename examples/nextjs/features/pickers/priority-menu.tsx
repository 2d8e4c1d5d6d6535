'use client';
import { useApp } from '@/features/shell/app-provider';
import { priorities, priorityNames } from '@/features/tasks/commands';
import { nameOf } from '@/lib/actions';
import { Menu } from '@/ui/menu';

declare module '@/lib/overlays' {
  interface Overlays {
    'pick-priority': { readonly taskIds: readonly string[]; readonly anchor?: Element | null | undefined };
  }
}

export function PriorityMenu({
  taskIds,
  anchor,
  onClose,
}: {
  taskIds: readonly string[];
  anchor?: Element | null | undefined;
  onClose: () => void;
}) {
  const app = useApp();
  const tasks = taskIds.flatMap((id) => app.lane.tasks.get(id) ?? []);
  return (
    <Menu
      label="Priority"
      anchor={anchor}
      onClose={onClose}
      items={priorities.map((priority, index) => ({
        id: priority,
        title: priorityNames[priority],
        icon: 'flag',
        keys: String(index + 1),
        isChecked: tasks.every((task) => task.priority === priority),
        run: () => app.actions.update(tasks, { priority }, `Set the priority of ${nameOf(tasks)}`),
      }))}
    />
  );
}
