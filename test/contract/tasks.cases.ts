import type { ApiResponse } from '../support/api';
import type { CaseContext, CasesOf } from './cases';

const absentId = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';

const weekly = { due_date: '2099-01-01', rrule: 'FREQ=WEEKLY' };

async function makeTask({ send, lane }: CaseContext, body: object = {}): Promise<ApiResponse['body']> {
  const { status, body: task } = await send('POST', `${lane}/tasks`, { body: { title: 'A task', ...body } });
  expect(status).toBe(201);
  return task;
}

export const taskCases: CasesOf<
  | 'listTasks'
  | 'createTask'
  | 'getTask'
  | 'putTask'
  | 'updateTask'
  | 'deleteTask'
  | 'completeTask'
  | 'moveTask'
  | 'skipOccurrence'
  | 'duplicateTask'
  | 'listOccurrences'
> = {
  listTasks: {
    200: async (context) => {
      const task = await makeTask(context);
      const response = await context.send('GET', `${context.lane}/tasks`);
      expect(response.body).toEqual({
        items: [task],
        next_cursor: null,
        total: null,
        subtask_counts: null,
        highlights: null,
        search: null,
      });
      return response;
    },
  },
  createTask: {
    201: async ({ send, lane, userId }) => {
      const response = await send('POST', `${lane}/tasks`, { body: { title: ' Water the plants ' } });
      expect(response.body).toMatchObject({
        user_id: userId,
        title: 'Water the plants',
        description: null,
        status: 'pending',
        priority: 'medium',
        completed: false,
        completed_at: null,
        version: 1,
      });
      expect(response.headers.location).toBe(`${lane}/tasks/${response.body.id}`);
      return response;
    },
    409: async (context) => {
      const { id } = await makeTask(context);
      return context.send('POST', `${context.lane}/tasks`, { body: { id, title: 'Another' } });
    },
  },
  getTask: {
    200: async (context) => {
      const task = await makeTask(context);
      const response = await context.send('GET', `${context.lane}/tasks/${task.id}`);
      expect(response.body).toEqual(task);
      return response;
    },
    404: ({ send, lane }) => send('GET', `${lane}/tasks/${absentId}`),
  },
  putTask: {
    200: async (context) => {
      const task = await makeTask(context, { description: 'Cleared by null', priority: 'high' });
      const response = await context.send('PUT', `${context.lane}/tasks/${task.id}`, {
        body: { ...task, description: null, status: 'in_progress' },
      });
      expect(response.body).toEqual({
        ...task,
        description: null,
        status: 'in_progress',
        version: 2,
        updated_at: response.body.updated_at,
      });
      return response;
    },
    404: ({ send, lane }) => send('PUT', `${lane}/tasks/${absentId}`, { body: { title: 'Nothing' } }),
  },
  updateTask: {
    200: async (context) => {
      const task = await makeTask(context, { description: 'Cleared by null', priority: 'high' });
      const response = await context.send('PATCH', `${context.lane}/tasks/${task.id}`, {
        headers: { 'Content-Type': 'application/merge-patch+json' },
        body: { description: null, title: 'Patched' },
      });
      expect(response.body).toEqual({
        ...task,
        title: 'Patched',
        description: null,
        version: 2,
        updated_at: response.body.updated_at,
      });
      return response;
    },
    404: ({ send, lane }) => send('PATCH', `${lane}/tasks/${absentId}`, { body: {} }),
  },
  deleteTask: {
    204: async (context) => {
      const { id } = await makeTask(context);
      const response = await context.send('DELETE', `${context.lane}/tasks/${id}`);
      expect((await context.send('GET', `${context.lane}/tasks/${id}`)).status).toBe(404);
      return response;
    },
    404: ({ send, lane }) => send('DELETE', `${lane}/tasks/${absentId}`),
  },
  completeTask: {
    200: async (context) => {
      const { id } = await makeTask(context);
      const response = await context.send('PATCH', `${context.lane}/tasks/${id}/complete`);
      expect(response.body).toMatchObject({ status: 'completed', completed: true, version: 2 });
      expect(response.body.completed_at).not.toBeNull();
      return response;
    },
    404: ({ send, lane }) => send('PATCH', `${lane}/tasks/${absentId}/complete`),
    409: async (context) => {
      const { id } = await makeTask(context, weekly);
      const path = `${context.lane}/tasks/${id}`;
      expect((await context.send('PATCH', `${path}/complete`)).status).toBe(200);
      await context.send('PATCH', path, { body: { due_date: '2027-03-01' } });
      return context.send('PATCH', `${path}/complete`, { body: { completed: false } });
    },
  },
  moveTask: {
    200: async (context) => {
      const first = await makeTask(context);
      const second = await makeTask(context);
      const response = await context.send('POST', `${context.lane}/tasks/${second.id}/move`, {
        body: { before: first.id },
      });
      expect(response.body).toEqual({
        ...second,
        position: expect.any(String),
        version: 2,
        updated_at: response.body.updated_at,
      });
      expect(response.body.position < first.position).toBe(true);
      return response;
    },
    404: ({ send, lane }) => send('POST', `${lane}/tasks/${absentId}/move`, { body: { project_id: null } }),
  },
  duplicateTask: {
    201: async (context) => {
      const task = await makeTask(context, { ...weekly, tags: ['home'], status: 'in_progress' });
      const response = await context.send('POST', `${context.lane}/tasks/${task.id}/duplicate`);
      const { id, position, created_at, updated_at } = response.body;
      expect(response.body).toEqual({ ...task, status: 'pending', id, position, created_at, updated_at });
      expect(response.headers.location).toBe(`${context.lane}/tasks/${id}`);
      return response;
    },
    404: ({ send, lane }) => send('POST', `${lane}/tasks/${absentId}/duplicate`),
    409: async (context) => {
      const { id } = await makeTask(context);
      return context.send('POST', `${context.lane}/tasks/${id}/duplicate`, { body: { id } });
    },
  },
  skipOccurrence: {
    200: async (context) => {
      const task = await makeTask(context, weekly);
      const response = await context.send('POST', `${context.lane}/tasks/${task.id}/skip`);
      expect(response.body).toEqual({
        ...task,
        due_date: '2099-01-08',
        version: 2,
        updated_at: response.body.updated_at,
      });
      return response;
    },
    404: ({ send, lane }) => send('POST', `${lane}/tasks/${absentId}/skip`),
    409: async (context) => {
      const { id } = await makeTask(context);
      return context.send('POST', `${context.lane}/tasks/${id}/skip`);
    },
  },
  listOccurrences: {
    200: async (context) => {
      const { id } = await makeTask(context, { ...weekly, due_time: '18:00', time_zone: 'Europe/Zurich' });
      const response = await context.send('GET', `${context.lane}/tasks/${id}/occurrences?limit=2`);
      const clock = { due_time: '18:00', time_zone: 'Europe/Zurich', start_date: null, start_time: null };
      expect(response.body.items).toEqual([
        { due_date: '2099-01-01', ...clock, due_at: '2099-01-01T17:00:00.000Z' },
        { due_date: '2099-01-08', ...clock, due_at: '2099-01-08T17:00:00.000Z' },
      ]);
      return response;
    },
    404: ({ send, lane }) => send('GET', `${lane}/tasks/${absentId}/occurrences`),
  },
};
