import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { TASKLANE_URL, TASKLANE_USER, TASKLANE_TOKEN } = process.env;
const { client, completeTask, createTask, getTask, listTasks, syncLane, updateTask, zTask } = createRequire(
  import.meta.url,
)(process.argv[2]);
client.setConfig({ baseUrl: TASKLANE_URL, auth: TASKLANE_TOKEN });
const lane = { user_id: TASKLANE_USER };

const created = await createTask({ path: lane, body: { title: 'hey-api', description: 'x', tags: ['a'] } });
const path = { ...lane, task_id: created.data.id };
assert.equal(zTask.parse(created.data).title, 'hey-api');
const list = await listTasks({ path: lane, query: { status: ['pending', 'in_progress'], tags_any: ['a'] } });
assert(list.data.items.some(({ id }) => id === path.task_id));
const updated = await updateTask({ path, body: { description: null } });
assert.equal(updated.data.description, null);
assert.deepEqual(updated.data.tags, ['a']);
const completed = await completeTask({ path, body: { completed: true } });
assert.equal(completed.data.status, 'completed');
const missing = await getTask({ path: { ...lane, task_id: '00000000-0000-4000-8000-000000000000' } });
assert.equal(missing.error.code, 'task-not-found');
const sync = await syncLane({ path: lane });
assert(sync.data.changes.some(({ type, id }) => type === 'task' && id === path.task_id));
