import type { CasesOf } from './cases';

export const quickCases: CasesOf<'createQuickTask'> = {
  createQuickTask: {
    200: async ({ send, lane }) => {
      const body = { text: 'Zahnarzt morgen um halb neun', time_zone: 'Europe/Zurich', dry_run: true };
      const response = await send('POST', `${lane}/tasks/quick`, { body });
      expect(response.body).toMatchObject({
        task: null,
        fields: { title: 'Zahnarzt', due_time: '08:30', time_zone: 'Europe/Zurich' },
        language: 'de',
        left: [],
      });
      expect((await send('GET', `${lane}/tasks`)).body.items).toEqual([]);
      return response;
    },
    201: async ({ send, lane }) => {
      const project = await send('POST', `${lane}/projects`, { body: { name: 'Home' } });
      const text = 'Pay rent every 1st at 9 #home !30m p1 @bills';
      const response = await send('POST', `${lane}/tasks/quick`, { body: { text } });
      const { task } = response.body;
      expect(response.body).toMatchObject({
        task: {
          title: 'Pay rent',
          project_id: project.body.id,
          priority: 'urgent',
          tags: ['bills'],
          due_time: '09:00',
          time_zone: 'UTC',
          rrule: 'FREQ=MONTHLY;BYMONTHDAY=1',
        },
        language: 'en',
        rrule_text: 'every 1st',
        left: [],
      });
      expect(response.headers.location).toBe(`${lane}/tasks/${task.id}`);
      expect((await send('GET', `${lane}/tasks/${task.id}`)).body).toEqual(task);
      return response;
    },
  },
};
