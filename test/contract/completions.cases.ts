import type { CasesOf } from './cases';

export const completionCases: CasesOf<'listCompletions'> = {
  listCompletions: {
    200: async ({ send, lane, userId }) => {
      const { body: task } = await send('POST', `${lane}/tasks`, {
        body: { title: 'A task', due_date: '2099-01-01', rrule: 'FREQ=WEEKLY' },
      });
      await send('PATCH', `${lane}/tasks/${task.id}/complete`);
      const response = await send('GET', `${lane}/completions?task_id=${task.id}`);
      expect(response.body).toEqual({
        items: [
          {
            id: expect.any(String),
            user_id: userId,
            task_id: task.id,
            title: 'A task',
            due_date: '2099-01-01',
            due_time: null,
            time_zone: null,
            start_date: null,
            start_time: null,
            completed_at: expect.any(String),
          },
        ],
        next_cursor: null,
      });
      return response;
    },
  },
};
