import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
for await (const task of lane.tasks.list({ view: 'today', sort: ['-priority', 'created_at'], limit: 20 })) {
  console.log(task.title);
}
