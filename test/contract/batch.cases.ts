import type { CasesOf } from './cases';

export const batchCases: CasesOf<'applyBatch'> = {
  applyBatch: {
    200: async ({ send, lane }) => {
      const response = await send('POST', `${lane}/batch`, {
        body: {
          operations: [
            { op: 'create_project', ref: 'garden', project: { name: 'Garden' } },
            { op: 'create_task', task: { title: 'Water the plants', project_id: '$garden' } },
          ],
        },
      });
      const [project, task] = response.body.results;
      expect(response.body.results).toEqual([
        { index: 0, op: 'create_project', status: 201, body: project.body, problem: null },
        { index: 1, op: 'create_task', status: 201, body: task.body, problem: null },
      ]);
      expect(task.body.project_id).toBe(project.body.id);
      expect((await send('GET', `${lane}/tasks/${task.body.id}`)).body).toEqual(task.body);
      return response;
    },
  },
};
