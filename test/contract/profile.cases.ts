import { query } from '../support/database';
import type { CasesOf } from './cases';

export const profileCases: CasesOf<'getProfile' | 'updateProfile' | 'eraseLane'> = {
  getProfile: {
    200: async ({ send, lane, userId }) => {
      const response = await send('GET', `${lane}/profile`);
      expect(response.body).toEqual({
        user_id: userId,
        time_zone: 'UTC',
        week_start: 'monday',
        default_priority: 'medium',
        require_if_match: false,
        version: 1,
        updated_at: null,
      });
      return response;
    },
  },
  updateProfile: {
    200: async ({ send, lane, userId }) => {
      const response = await send('PATCH', `${lane}/profile`, {
        headers: { 'Content-Type': 'application/merge-patch+json' },
        body: {
          time_zone: 'Europe/Zurich',
          week_start: 'sunday',
          default_priority: 'high',
          require_if_match: true,
        },
      });
      expect(response.body).toEqual({
        user_id: userId,
        time_zone: 'Europe/Zurich',
        week_start: 'sunday',
        default_priority: 'high',
        require_if_match: true,
        version: 2,
        updated_at: expect.any(String),
      });
      expect((await send('GET', `${lane}/profile`)).body).toEqual(response.body);
      return response;
    },
  },
  eraseLane: {
    204: async ({ send, lane, userId, databaseUrl }) => {
      await send('POST', `${lane}/tasks`, {
        headers: { 'Idempotency-Key': 'a-key' },
        body: { title: 'A task' },
      });
      const response = await send('DELETE', `${lane}?confirm=${userId}`);
      for (const table of ['profiles', 'tasks', 'changes', 'idempotency_keys']) {
        expect(
          await query(databaseUrl, `select from tasklane.${table} where lane_id = lane_of($1)`, [userId]),
        ).toEqual([]);
      }
      return response;
    },
  },
};
