/** Tests that a client can send back an entity that it got, and that a change of a read-only field is refused. */
import type { Body } from '../support/api';
import { useTestService } from '../support/service';
import { makeTaskClient, type TaskClient } from '../support/task-client';

const service = useTestService({ RATE_LIMIT: 'off', WEBHOOK_ALLOWED_HOSTS: 'hooks.example.com' });
let ada: TaskClient;
beforeAll(async () => {
  ada = await makeTaskClient(service);
});

const other: Readonly<Record<string, unknown>> = {
  id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
  user_id: 'bob',
  position: 'zz',
  version: 7,
  disabled_reason: 'gone',
  recurrence_start: '2020-02-29',
};

/** How each kind of entity is made, the methods that change it, and a change. */
const kinds: [string, () => Promise<{ path: string; entity: Body }>, string[], object][] = [
  ['task', async () => made('/tasks', { title: 'A task' }), ['PUT', 'PATCH'], { title: 'Other' }],
  ['project', async () => made('/projects', { name: 'A project' }), ['PATCH'], { color: '#2f855a' }],
  [
    'tag',
    async () => {
      await ada.create({ tags: ['home'] });
      const { items } = await ada.ok('GET', '/tags');
      return { path: `/tags/${items[0].id}`, entity: items[0] };
    },
    ['PATCH'],
    { name: 'house' },
  ],
  [
    'webhook',
    async () => made('/webhooks', { url: 'https://hooks.example.com/a', enabled: false }),
    ['PATCH'],
    { description: 'Other' },
  ],
  [
    'profile',
    async () => ({ path: '/profile', entity: await ada.ok('GET', '/profile') }),
    ['PATCH'],
    { week_start: 'sunday' },
  ],
];

async function made(path: string, body: object) {
  const { id } = await ada.ok('POST', path, body);
  return { path: `${path}/${id}`, entity: await ada.ok('GET', `${path}/${id}`) };
}

describe.each(kinds)('a %s', (_kind, make, methods, change) => {
  test.each(methods)('can be sent back with %s, as it is or with a change', async (method) => {
    const { path, entity } = await make();
    expect(await ada.ok(method, path, entity)).toEqual(entity);
    const changed = await ada.ok(method, path, { ...entity, ...change });
    expect(changed).toEqual({
      ...entity,
      ...change,
      version: entity.version + 1,
      updated_at: changed.updated_at,
    });
  });

  test.each(methods)('cannot have another value of a read-only field with %s', async (method) => {
    const { path, entity } = await make();
    // The time of a completion can be given; `completed-at.test.ts` tests its rules.
    const writable = new Set([...Object.keys(change), 'completed_at']);
    const wrong = Object.keys(entity)
      .filter((field) => !writable.has(field))
      .map((field) => [field, other[field] ?? (field.endsWith('_at') ? '2020-02-29T12:00:00Z' : undefined)])
      .filter(([, value]) => value !== undefined);
    expect(wrong.length).toBeGreaterThan(2);
    const errors = await ada.validationErrors(method, path, Object.fromEntries(wrong));
    expect(errors).toEqual(wrong.map(([field]) => `/body/${field} read-only`).toSorted());
    expect(await ada.ok('GET', path)).toEqual(entity);
  });
});
