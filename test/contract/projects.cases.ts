import type { ApiResponse } from '../support/api';
import type { CaseContext, CasesOf } from './cases';

const absentId = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d50';

async function makeProject({ send, lane }: CaseContext, body: object = {}): Promise<ApiResponse['body']> {
  const { status, body: project } = await send('POST', `${lane}/projects`, {
    body: { name: 'A project', ...body },
  });
  expect(status).toBe(201);
  return project;
}

export const projectCases: CasesOf<
  'listProjects' | 'createProject' | 'getProject' | 'updateProject' | 'deleteProject' | 'moveProject'
> = {
  listProjects: {
    200: async (context) => {
      const project = await makeProject(context);
      await context.send('POST', `${context.lane}/tasks`, {
        body: { title: 'In it', project_id: project.id },
      });
      const response = await context.send('GET', `${context.lane}/projects`);
      expect(response.body).toEqual({
        items: [project],
        counts: { [project.id]: { open: 1, completed: 0 } },
        next_cursor: null,
      });
      return response;
    },
  },
  createProject: {
    201: async ({ send, lane, userId }) => {
      const response = await send('POST', `${lane}/projects`, { body: { name: ' Garden ' } });
      expect(response.body).toMatchObject({
        user_id: userId,
        name: 'Garden',
        color: null,
        archived: false,
        version: 1,
      });
      expect(response.headers.location).toBe(`${lane}/projects/${response.body.id}`);
      return response;
    },
    409: async (context) => {
      const { id } = await makeProject(context);
      return context.send('POST', `${context.lane}/projects`, { body: { id, name: 'Another' } });
    },
  },
  getProject: {
    200: async (context) => {
      const project = await makeProject(context, { color: '#2f855a' });
      const response = await context.send('GET', `${context.lane}/projects/${project.id}`);
      expect(response.body).toEqual(project);
      return response;
    },
    404: ({ send, lane }) => send('GET', `${lane}/projects/${absentId}`),
  },
  updateProject: {
    200: async (context) => {
      const project = await makeProject(context, { color: '#2f855a' });
      const response = await context.send('PATCH', `${context.lane}/projects/${project.id}`, {
        body: { color: null, archived: true },
      });
      expect(response.body).toEqual({
        ...project,
        color: null,
        archived: true,
        version: 2,
        updated_at: response.body.updated_at,
      });
      return response;
    },
    404: ({ send, lane }) => send('PATCH', `${lane}/projects/${absentId}`, { body: {} }),
  },
  deleteProject: {
    204: async (context) => {
      const { id } = await makeProject(context);
      const response = await context.send('DELETE', `${context.lane}/projects/${id}?tasks=move`);
      expect((await context.send('GET', `${context.lane}/projects/${id}`)).status).toBe(404);
      return response;
    },
    404: ({ send, lane }) => send('DELETE', `${lane}/projects/${absentId}?tasks=move`),
  },
  moveProject: {
    200: async (context) => {
      const first = await makeProject(context);
      const second = await makeProject(context);
      const response = await context.send('POST', `${context.lane}/projects/${second.id}/move`, {
        body: { before: first.id },
      });
      expect(response.body.position < first.position).toBe(true);
      return response;
    },
    404: ({ send, lane }) =>
      send('POST', `${lane}/projects/${absentId}/move`, { body: { before: absentId } }),
  },
};
