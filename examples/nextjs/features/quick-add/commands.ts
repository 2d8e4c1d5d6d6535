import type { Command } from '@/lib/commands';
import { openOverlay } from '@/lib/overlays';

export const quickAddCommands: readonly Command[] = [
  {
    id: 'task.add',
    title: 'Add a task',
    group: 'Tasks',
    keys: ['q'],
    words: 'new create quick',
    run: () => openOverlay('quick-add', {}),
  },
];
