import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const task = await lane.tasks.create({
  title: 'Water the plants',
  priority: 'high',
  tags: ['home'],
  due_date: '2026-11-21',
  due_time: '18:00',
  time_zone: 'Europe/Zurich',
  rrule: 'FREQ=WEEKLY',
  reminders: [{ minutes_before_due: 30 }],
});
