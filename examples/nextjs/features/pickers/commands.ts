import { type Command, hasTasks } from '@/lib/commands';
import { openOverlay } from '@/lib/overlays';
import { focusedRow } from '@/lib/rows';

const idsOf = (tasks: readonly { readonly id: string }[]) => tasks.map(({ id }) => id);

export const pickerCommands: readonly Command[] = [
  {
    id: 'task.tags',
    title: 'Change tags',
    group: 'Tasks',
    keys: ['l'],
    words: 'label',
    when: hasTasks,
    run: ({ tasks }) => openOverlay('pick-tags', { taskIds: idsOf(tasks()), anchor: focusedRow() }),
  },
  {
    id: 'task.move',
    title: 'Move to a project',
    group: 'Tasks',
    keys: ['v'],
    when: hasTasks,
    run: ({ tasks }) => openOverlay('pick-project', { taskIds: idsOf(tasks()), anchor: focusedRow() }),
  },
  {
    id: 'go.project',
    title: 'Go to a project',
    group: 'Go to',
    keys: ['g p'],
    words: 'new project create',
    run: () => openOverlay('go-to-project', {}),
  },
];
