/** The page of react.mjs. It runs in the browser, and on a server for its first HTML. */
import {
  TasklaneProvider,
  useLaneStatus,
  useProfile,
  useProjects,
  useStats,
  useTags,
  useTask,
  useTaskActions,
  useTasklane,
  useTasks,
} from '@tasklane/sdk/react';
import { memo, StrictMode, useLayoutEffect } from 'react';
import { hydrateRoot } from 'react-dom/client';

export { betterAuthCookies } from '../../sdk/src/index.ts';

// The hooks as the page last showed them, for the test.
const shown = { rows: 0, torn: 0, errors: [], titles: new Set() };

const Row = memo(({ task }) => {
  shown.rows++;
  shown.titles.add(task.title);
  return <li>{task.title}</li>;
});

/** The first tasks, as a list that is rendered in parts shows them. */
function List({ name }) {
  const tasks = useTasks({ status: ['pending', 'in_progress'], sort: 'title' });
  useLayoutEffect(() => {
    shown[name] = tasks;
    // After the commit, both lists show the same.
    queueMicrotask(() => {
      if (shown.left !== shown.right) shown.torn++;
    });
  });
  if (!tasks) return <p>Loading</p>;
  return (
    <ul id={name}>
      {tasks.slice(0, 30).map((task) => (
        <Row key={task.id} task={task} />
      ))}
    </ul>
  );
}

function Details() {
  const first = useTasks({ q: 'detail' })?.[0];
  const project = useProjects()?.[0];
  shown.task = useTask(first?.id ?? 'none');
  shown.inProject = useTasks({ project: project ?? 'none', view: 'no_date' });
  shown.tags = useTags();
  shown.profile = useProfile();
  shown.stats = useStats();
  return null;
}

function Status() {
  shown.status = useLaneStatus();
  shown.actions = useTaskActions();
  shown.session = useTasklane();
  return <p id="status">{shown.status.connection}</p>;
}

export function App({ baseUrl, auth, details }) {
  return (
    <StrictMode>
      <TasklaneProvider baseUrl={baseUrl} auth={auth}>
        <Status />
        <List name="left" />
        <List name="right" />
        {details && <Details />}
      </TasklaneProvider>
    </StrictMode>
  );
}

/** Shows the app in the HTML that the server made. */
export function start(props) {
  const report = (error) => shown.errors.push(String(error));
  const root = hydrateRoot(document.getElementById('root'), <App {...props} />, {
    onRecoverableError: report,
    onUncaughtError: report,
  });
  Object.assign(globalThis, { shown, root });
}
