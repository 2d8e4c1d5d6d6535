import { send } from '../../support/api';
import { query } from '../../support/database';
import { tokenOf, useTestService } from '../../support/service';

const service = useTestService();

test('times never run backwards when writers wait for each other', async () => {
  const token = await tokenOf('ada');
  const call = (method: string, path: string, body: object) =>
    send(service.url, method, `/api/ada/tasks${path}`, { token, body });
  const { body: task } = await call('POST', '', { title: 'Contended' });
  await Promise.all(
    Array.from({ length: 10 }, async (_writer, index) => {
      for (let i = 0; i < 10; i += 1) await call('PATCH', `/${task.id}`, { title: `By ${index}, ${i}` });
    }),
  );
  const changes = await query<{ at: Date }>(
    service.database.url,
    'select at from tasklane.changes order by seq',
  );
  const times = changes.map(({ at }) => at.getTime());
  expect(times).toHaveLength(101);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  const { body: last } = await send(service.url, 'GET', `/api/ada/tasks/${task.id}`, { token });
  expect(new Date(last.updated_at).getTime()).toBe(times.at(-1));
});
