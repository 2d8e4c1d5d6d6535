import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const quickTaskResult = await lane.tasks.quick({
  text: 'Pay rent every 1st at 9 #home !30m p1',
  time_zone: 'Europe/Zurich',
});
