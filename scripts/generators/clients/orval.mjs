import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { TASKLANE_URL, TASKLANE_USER: user, TASKLANE_TOKEN } = process.env;
const { completeTask, createTask, getTask, listTasks, syncLane, updateTask } = createRequire(import.meta.url)(
  process.argv[2],
);
const { fetch } = globalThis;
globalThis.fetch = (path, options) => fetch(new URL(path, TASKLANE_URL), options);
const options = { headers: { Authorization: `Bearer ${TASKLANE_TOKEN}` } };

const { data: created } = await createTask(user, { title: 'orval', description: 'x', tags: ['a'] }, options);
const query = { status: ['pending', 'in_progress'], tags_any: ['a'] };
assert((await listTasks(user, query, options)).data.items.some(({ id }) => id === created.id));
const { data: updated } = await updateTask(user, created.id, { description: null }, options);
assert.equal(updated.description, null);
assert.deepEqual(updated.tags, ['a']);
assert.equal((await completeTask(user, created.id, { completed: true }, options)).data.status, 'completed');
const missing = await getTask(user, '00000000-0000-4000-8000-000000000000', options);
assert.equal(missing.status, 404);
assert.equal(missing.data.code, 'task-not-found');
const sync = await syncLane(user, {}, options);
assert(sync.data.changes.some(({ type, id }) => type === 'task' && id === created.id));
