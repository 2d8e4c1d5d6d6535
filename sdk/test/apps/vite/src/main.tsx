import { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query';
import { createTasklane } from '@tasklane/sdk';
import { compatFetch } from '@tasklane/sdk/compat';
import { createLaneQueries } from '@tasklane/sdk/query';
import { TasklaneProvider, useLaneStatus, useTaskActions, useTasks } from '@tasklane/sdk/react';
import { StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';

const baseUrl = 'http://127.0.0.1:8000';
const token = async () => localStorage.getItem('token');
const queryClient = new QueryClient();
const queries = createLaneQueries(createTasklane({ baseUrl, token }).lane('ada'), queryClient);
globalThis.fetch = compatFetch(globalThis.fetch, { baseUrl });

function Live() {
  const tasks = useTasks({ view: 'today', q: 'plants' });
  const { create, complete } = useTaskActions();
  const { connection, pending } = useLaneStatus();
  return (
    <section>
      <p>{`${connection}, ${pending} unsent`}</p>
      {tasks?.map((task) => (
        <button type="button" key={task.id} onClick={() => complete(task.id)}>
          {task.title}
        </button>
      ))}
      <button type="button" onClick={() => create({ title: 'Water the plants', due_date: '2099-01-31' })}>
        Add
      </button>
    </section>
  );
}

function Cached() {
  const tasks = useQuery(queries.tasks.list({ status: 'pending' }));
  const update = useMutation(queries.tasks.update());
  useEffect(() => queries.follow(), []);
  return tasks.data?.items.map((task) => (
    <button type="button" key={task.id} onClick={() => update.mutate([task.id, { priority: 'high' }])}>
      {task.title}
    </button>
  ));
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <TasklaneProvider baseUrl={baseUrl} auth={token}>
      <Live />
    </TasklaneProvider>
    <QueryClientProvider client={queryClient}>
      <Cached />
    </QueryClientProvider>
  </StrictMode>,
);
