import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const stats = await lane.stats({ from: '2026-11-20', until: '2026-11-21' });
