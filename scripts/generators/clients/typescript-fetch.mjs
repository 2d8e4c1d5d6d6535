import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { TASKLANE_URL: basePath, TASKLANE_USER: userId, TASKLANE_TOKEN: accessToken } = process.env;
const { Configuration, SyncApi, TasksApi } = createRequire(import.meta.url)(process.argv[2]);
const configuration = new Configuration({ basePath, accessToken });
const tasks = new TasksApi(configuration);

const taskCreate = { title: 'typescript-fetch', description: 'x', tags: ['a'] };
const { id: taskId } = await tasks.createTask({ userId, taskCreate });
const list = await tasks.listTasks({ userId, status: ['pending', 'in_progress'], tagsAny: ['a'] });
assert(list.items.some(({ id }) => id === taskId));
const updated = await tasks.updateTask({ userId, taskId, taskPatch: { description: null } });
assert.equal(updated.description, null);
assert.deepEqual(updated.tags, ['a']);
const completed = await tasks.completeTask({ userId, taskId, taskCompletion: { completed: true } });
assert.equal(completed.status, 'completed');
const missing = await tasks
  .getTask({ userId, taskId: '00000000-0000-4000-8000-000000000000' })
  .catch((error) => error.response);
assert.equal((await missing.json()).code, 'task-not-found');
const sync = await new SyncApi(configuration).syncLane({ userId });
assert(sync.changes.some(({ type, id }) => type === 'task' && id === taskId));
