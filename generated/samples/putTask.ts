import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const task = await lane.tasks.put('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', {
  title: 'Water the plants',
  description: 'The fern twice.',
  priority: 'high',
  tags: ['home'],
  due_date: '2026-11-28',
  due_time: '18:00',
  time_zone: 'Europe/Zurich',
  rrule: 'FREQ=WEEKLY',
  reminders: [{ minutes_before_due: 30 }],
});
