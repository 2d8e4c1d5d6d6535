import { type Command, hasTasks } from '@/lib/commands';
import { openOverlay } from '@/lib/overlays';
import { focusedRow } from '@/lib/rows';

export const scheduleCommands: readonly Command[] = [
  {
    id: 'task.schedule',
    title: 'Change the date',
    group: 'Tasks',
    keys: ['t'],
    words: 'due reschedule tomorrow today week postpone',
    when: hasTasks,
    run: ({ tasks }) =>
      openOverlay('schedule', { taskIds: tasks().map(({ id }) => id), anchor: focusedRow() }),
  },
];
