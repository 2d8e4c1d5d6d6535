import type { CasesOf } from './cases';

export const undoCases: CasesOf<'undoChanges'> = {
  undoChanges: {
    200: async ({ send, lane }) => {
      const { body: task } = await send('POST', `${lane}/tasks`, { body: { title: 'Water the plants' } });
      const changed = await send('PATCH', `${lane}/tasks/${task.id}`, { body: { priority: 'high' } });
      const request = changed.headers['tasklane-request'];
      const response = await send('POST', `${lane}/undo`, { body: { request } });
      expect(response.body).toEqual({
        requests: [request],
        entities: [{ type: 'task', entity_id: task.id, action: 'updated', undone: ['priority'], left: [] }],
      });
      const { body: now } = await send('GET', `${lane}/tasks/${task.id}`);
      expect(now).toEqual({ ...task, version: 3, updated_at: now.updated_at });
      return response;
    },
  },
};
