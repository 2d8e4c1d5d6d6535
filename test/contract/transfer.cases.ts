import type { CasesOf } from './cases';

export const transferCases: CasesOf<'exportLane'> = {
  exportLane: {
    200: async ({ send, lane, userId }) => {
      const profile = await send('PATCH', `${lane}/profile`, { body: { week_start: 'sunday' } });
      const task = await send('POST', `${lane}/tasks`, { body: { title: 'A task' } });
      const response = await send('GET', `${lane}/export`);
      expect(response.body).toMatchObject({
        format: 'tasklane-export',
        version: 1,
        profile: profile.body,
        tasks: [task.body],
        changes: [
          {
            seq: 1,
            type: 'profile',
            entity_id: null,
            action: 'updated',
            fields: { week_start: { from: 'monday', to: 'sunday' } },
          },
          { seq: 2, type: 'task', entity_id: task.body.id, action: 'created', fields: {} },
        ],
      });
      expect(response.body.profile.user_id).toBe(userId);
      const day = response.body.exported_at.slice(0, 10);
      expect(response.headers['content-disposition']).toBe(`attachment; filename="tasklane-${day}.json"`);
      return response;
    },
  },
};
