import type { CasesOf } from './cases';

export const statsCases: CasesOf<'getStats'> = {
  getStats: {
    200: async ({ send, lane }) => {
      await send('POST', `${lane}/tasks`, { body: { title: 'Done', status: 'completed' } });
      const response = await send('GET', `${lane}/stats`);
      const { today } = response.body;
      expect(response.body).toMatchObject({
        time_zone: 'UTC',
        total: 1,
        by_status: { pending: 0, in_progress: 0, completed: 1, cancelled: 0 },
        by_project: [{ project_id: null, open: 0, completed: 1 }],
        completions: { until: today, total: 1 },
        streaks: { current: 1, longest: 1 },
      });
      expect(response.body.completions.days).toHaveLength(30);
      // A new day may have begun meanwhile.
      const counts = response.body.completions.days.map((day: { count: number }) => day.count);
      expect([counts.at(-1), counts.at(-2)].sort()).toEqual([0, 1]);
      return response;
    },
  },
};
