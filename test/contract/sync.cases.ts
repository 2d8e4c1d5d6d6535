import { query } from '../support/database';
import type { CasesOf } from './cases';

export const syncCases: CasesOf<'syncLane'> = {
  syncLane: {
    200: async ({ send, lane }) => {
      const { body: task } = await send('POST', `${lane}/tasks`, { body: { title: 'A task' } });
      const { body: profile } = await send('GET', `${lane}/profile`);
      const snapshot = await send('GET', `${lane}/sync`);
      expect(snapshot.body).toEqual({
        changes: [
          { seq: 1, type: 'profile', id: null, deleted: false, data: profile },
          { seq: 1, type: 'task', id: task.id, deleted: false, data: task },
        ],
        next_token: expect.any(String),
        has_more: false,
        seq: 1,
        epoch: expect.any(String),
      });
      await send('DELETE', `${lane}/tasks/${task.id}`);
      const response = await send('GET', `${lane}/sync?token=${snapshot.body.next_token}`);
      expect(response.body.changes).toEqual([
        { seq: 2, type: 'task', id: task.id, deleted: true, data: null },
      ]);
      return response;
    },
    410: async ({ send, lane, userId, databaseUrl }) => {
      await send('POST', `${lane}/tasks`, { body: { title: 'A task' } });
      const { body } = await send('GET', `${lane}/sync`);
      await query(
        databaseUrl,
        'update tasklane.profiles set epoch = md5(epoch::text)::uuid where lane_id = lane_of($1)',
        [userId],
      );
      return send('GET', `${lane}/sync?token=${body.next_token}`);
    },
  },
};
