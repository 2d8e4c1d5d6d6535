/**
 * A collection of TanStack DB over a lane. Queries of TanStack DB see each change of the lane, and its mutations are writes
 * of the lane: they show at once, wait while the device is offline, and are sent in order.
 */
import { createCollection } from '@tanstack/db';
import type { Task } from '@tasklane/sdk';
import type { LiveLane } from '@tasklane/sdk/live';

export const createTaskCollection = (lane: LiveLane) =>
  createCollection<Task, string>({
    id: `tasklane ${lane.userId}`,
    getKey: (task) => task.id,
    sync: {
      rowUpdateMode: 'full',
      sync({ begin, write, commit, markReady }) {
        let known = new Map<string, Task>();
        return lane.tasks.watch({ include_archived: true }, (tasks) => {
          const now = new Map(tasks.map((task) => [task.id, task]));
          begin();
          for (const [id, task] of known) if (!now.has(id)) write({ type: 'delete', value: task });
          for (const [id, task] of now) {
            const before = known.get(id);
            if (before !== task) write({ type: before ? 'update' : 'insert', value: task });
          }
          commit();
          known = now;
          markReady();
        });
      },
    },
    // Each resolves when the device has stored the write. The lane shows it by then.
    async onInsert({ transaction }) {
      const creates = transaction.mutations.map(({ modified: { id, title, due_date, project_id } }) =>
        lane.tasks.create({ id, title, due_date, project_id }),
      );
      await Promise.all(creates.map(({ stored }) => stored));
    },
    async onUpdate({ transaction }) {
      const updates = transaction.mutations.map(({ key, changes }) => lane.tasks.update(key, changes));
      await Promise.all(updates.map(({ stored }) => stored));
    },
    async onDelete({ transaction }) {
      await Promise.all(transaction.mutations.map(({ key }) => lane.tasks.delete(key).stored));
    },
  });
