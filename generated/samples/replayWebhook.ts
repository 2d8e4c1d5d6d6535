import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const webhookReplayed = await lane.webhooks.replay('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d80', {
  since: '2026-11-21T00:00:00Z',
  until: '2026-11-21T12:00:00Z',
});
