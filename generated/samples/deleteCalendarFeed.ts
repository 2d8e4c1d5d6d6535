import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
await lane.calendarFeed.delete();
