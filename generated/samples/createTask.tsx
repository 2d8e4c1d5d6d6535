import { useTaskActions } from '@tasklane/sdk/react';

export function CreateTask() {
  const { create } = useTaskActions();
  return (
    <button onClick={() => create({
      title: 'Water the plants',
      priority: 'high',
      tags: ['home'],
      due_date: '2026-11-21',
      due_time: '18:00',
      time_zone: 'Europe/Zurich',
      rrule: 'FREQ=WEEKLY',
      reminders: [{ minutes_before_due: 30 }],
    })}>
      Create a task
    </button>
  );
}
