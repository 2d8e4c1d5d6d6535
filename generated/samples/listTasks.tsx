import { useTasks } from '@tasklane/sdk/react';

export function ListTasks() {
  const tasks = useTasks({ view: 'today', sort: 'due' });
  return <ul>{tasks?.map((task) => <li key={task.id}>{task.title}</li>)}</ul>;
}
