import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const batchOutcome = await lane.batch({
  atomic: true,
  operations: [
    { op: 'create_project', ref: 'garden', project: { name: 'Garden' } },
    {
      op: 'create_task',
      ref: 'plants',
      task: { title: 'Water the plants', project_id: '$garden' },
    },
    { op: 'create_task', task: { title: 'Fill the can', parent_id: '$plants' } },
  ],
});
