'use client';
import { TasklaneProvider, useLaneStatus, useTasks } from '@tasklane/sdk/react';

function List() {
  const tasks = useTasks({ view: 'today' });
  const { connection } = useLaneStatus();
  return <p>{tasks ? tasks.map((task) => task.title).join() : `The tasks are ${connection}`}</p>;
}

export const Tasks = () => (
  <TasklaneProvider baseUrl="http://127.0.0.1:8000" auth={() => null}>
    <List />
  </TasklaneProvider>
);
