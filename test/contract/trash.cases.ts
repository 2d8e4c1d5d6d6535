import type { ApiResponse } from '../support/api';
import type { CaseContext, CasesOf } from './cases';

const absentId = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';

async function makeDeleted({ send, lane }: CaseContext): Promise<ApiResponse['body']> {
  const { body: task } = await send('POST', `${lane}/tasks`, { body: { title: 'A task' } });
  expect((await send('DELETE', `${lane}/tasks/${task.id}`)).status).toBe(204);
  return task;
}

async function makeDeletedProject({ send, lane }: CaseContext): Promise<ApiResponse['body']> {
  const { body: project } = await send('POST', `${lane}/projects`, { body: { name: 'A project' } });
  await send('POST', `${lane}/tasks`, { body: { title: 'In it', project_id: project.id } });
  expect((await send('DELETE', `${lane}/projects/${project.id}?tasks=delete`)).status).toBe(204);
  return project;
}

export const trashCases: CasesOf<
  | 'listTrash'
  | 'getDeletedTask'
  | 'restoreTask'
  | 'purgeTask'
  | 'emptyTrash'
  | 'listDeletedProjects'
  | 'getDeletedProject'
  | 'restoreProject'
> = {
  listTrash: {
    200: async (context) => {
      const task = await makeDeleted(context);
      const response = await context.send('GET', `${context.lane}/trash`);
      const [item] = response.body.items;
      expect(response.body).toEqual({
        items: [
          {
            task: { ...task, version: 2, updated_at: item.deleted_at },
            deleted_at: item.deleted_at,
            purged_after: new Date(Date.parse(item.deleted_at) + 30 * 24 * 3_600_000).toISOString(),
            task_count: 1,
          },
        ],
        next_cursor: null,
      });
      return response;
    },
  },
  getDeletedTask: {
    200: async (context) => {
      const task = await makeDeleted(context);
      const response = await context.send('GET', `${context.lane}/trash/${task.id}`);
      const [item] = (await context.send('GET', `${context.lane}/trash`)).body.items;
      expect(response.body).toEqual(item.task);
      return response;
    },
    404: async (context) => {
      const { body: task } = await context.send('POST', `${context.lane}/tasks`, {
        body: { title: 'Alive' },
      });
      return context.send('GET', `${context.lane}/trash/${task.id}`);
    },
  },
  restoreTask: {
    200: async (context) => {
      const task = await makeDeleted(context);
      const response = await context.send('POST', `${context.lane}/tasks/${task.id}/restore`);
      expect(response.body).toEqual({ ...task, version: 3, updated_at: response.body.updated_at });
      expect((await context.send('GET', `${context.lane}/tasks/${task.id}`)).body).toEqual(response.body);
      return response;
    },
    404: async (context) => {
      const { body: task } = await context.send('POST', `${context.lane}/tasks`, {
        body: { title: 'Alive' },
      });
      return context.send('POST', `${context.lane}/tasks/${task.id}/restore`);
    },
  },
  purgeTask: {
    204: async (context) => {
      const { id } = await makeDeleted(context);
      const response = await context.send('DELETE', `${context.lane}/trash/${id}`);
      expect((await context.send('GET', `${context.lane}/trash`)).body.items).toEqual([]);
      return response;
    },
    404: ({ send, lane }) => send('DELETE', `${lane}/trash/${absentId}`),
  },
  emptyTrash: {
    204: async (context) => {
      await makeDeleted(context);
      await makeDeleted(context);
      const response = await context.send('DELETE', `${context.lane}/trash`);
      expect((await context.send('GET', `${context.lane}/trash`)).body.items).toEqual([]);
      return response;
    },
  },
  listDeletedProjects: {
    200: async (context) => {
      const project = await makeDeletedProject(context);
      const response = await context.send('GET', `${context.lane}/deleted-projects`);
      const [item] = response.body.items;
      expect(response.body).toEqual({
        items: [
          {
            project: { ...project, version: 2, updated_at: item.deleted_at },
            deleted_at: item.deleted_at,
            purged_after: new Date(Date.parse(item.deleted_at) + 30 * 24 * 3_600_000).toISOString(),
            task_count: 1,
          },
        ],
        next_cursor: null,
      });
      return response;
    },
  },
  getDeletedProject: {
    200: async (context) => {
      const project = await makeDeletedProject(context);
      const response = await context.send('GET', `${context.lane}/deleted-projects/${project.id}`);
      const [item] = (await context.send('GET', `${context.lane}/deleted-projects`)).body.items;
      expect(response.body).toEqual(item.project);
      return response;
    },
    404: ({ send, lane }) => send('GET', `${lane}/deleted-projects/${absentId}`),
  },
  restoreProject: {
    200: async (context) => {
      const project = await makeDeletedProject(context);
      const response = await context.send('POST', `${context.lane}/projects/${project.id}/restore`);
      expect(response.body).toEqual({ ...project, version: 3, updated_at: response.body.updated_at });
      const tasks = await context.send('GET', `${context.lane}/tasks?project_id=${project.id}`);
      expect(tasks.body.items).toHaveLength(1);
      return response;
    },
    404: ({ send, lane }) => send('POST', `${lane}/projects/${absentId}/restore`),
  },
};
