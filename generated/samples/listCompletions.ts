import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
for await (const completion of lane.tasks.completions({ completed_after: '2026-01-01T00:00:00.000Z' })) {
  console.log(completion.title);
}
