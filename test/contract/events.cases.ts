import { send as sendTo } from '../support/api';
import { startTestService, tokenOf } from '../support/service';
import type { CasesOf } from './cases';

export const eventCases: CasesOf<'streamEvents' | 'listActivity'> = {
  streamEvents: {
    200: async ({ send, lane }) => {
      await send('POST', `${lane}/tasks`, { body: { title: 'A task' } });
      const response = await send('GET', `${lane}/events`);
      expect(response.body).toMatch(/^retry: \d+\nid: 1-[0-9a-f-]{36}\n\n$/);
      return response;
    },
    503: async ({ lane, userId }) => {
      const full = await startTestService({ EVENTS_MAX_STREAMS: '0' });
      try {
        return await sendTo(full.url, 'GET', `${lane}/events`, { token: await tokenOf(userId) });
      } finally {
        await full.stop();
      }
    },
  },
  listActivity: {
    200: async ({ send, lane, userId }) => {
      const { body: task } = await send('POST', `${lane}/tasks`, { body: { title: 'A task' } });
      await send('PATCH', `${lane}/tasks/${task.id}`, { body: { priority: 'high' } });
      const response = await send('GET', `${lane}/activity`);
      expect(response.body).toMatchObject({
        items: [
          {
            seq: 2,
            user_id: userId,
            type: 'task',
            entity_id: task.id,
            action: 'updated',
            fields: { priority: { from: 'medium', to: 'high' } },
          },
          { seq: 1, user_id: userId, type: 'task', entity_id: task.id, action: 'created', fields: {} },
        ],
        next_cursor: null,
      });
      return response;
    },
  },
};
