import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const webhookWithSecret = await lane.webhooks.create({
  url: 'https://hooks.example.com/tasklane',
  description: "The team's chat",
  events: ['task.created', 'project.*'],
});
