/** Tests exports beyond the contract's cases: large exports, and events during one. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Body, send } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { seedTasks } from '../../support/tasks';
import { until } from '../../support/until';
import { makeUser, useUser } from '../../support/user';

// Enough for 80 MB on a busy machine.
jest.setTimeout(60_000);

// One connection, so that an export that keeps it would block all others.
const service = useTestService({ DATABASE_POOL_MAX: '1', RATE_LIMIT: 'off' });
const ada = useUser(service);

const exported = async (): Promise<Body> => (await ada.send('GET', '/export')).body;
const ids = (items: { id: string }[]): string[] => items.map((each) => each.id);

const largeCount = 20_000;
const largeBytes = 80_000_000;

/** Fills the lane with more data than socket buffers hold. */
async function makeLarge(): Promise<void> {
  await query(service.database.url, 'select make_lane($1)', [ada.id]);
  await query(
    service.database.url,
    `insert into tasklane.tasks (lane_id, id, title, description)
     select lane_of($1), gen_random_uuid(), 'Task ' || n, repeat('x', $2) from generate_series(1, $3) as n`,
    [ada.id, largeBytes / largeCount, largeCount],
  );
}

/** Starts an export that pauses after its first bytes until it is read. */
async function startExport(): Promise<IncomingMessage> {
  const request = get(`${service.url}${ada.lane}/export`, {
    headers: { authorization: `Bearer ${ada.token}` },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await once(response, 'readable');
  // The profile comes first; from here on the export reads tasks.
  await until(() => response.readableLength > 10_000);
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Sends other requests in turn, so that an export has time to continue. */
async function otherRequests(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    expect((await send(service.url, 'GET', '/readyz')).status).toBe(200);
  }
}

function exportLog(): Record<string, unknown>[] {
  return service.logged.filter((line) => line.operation === 'exportLane');
}

describe('an export', () => {
  test('of an empty lane is empty and creates nothing', async () => {
    expect(await exported()).toMatchObject({ profile: { version: 1 }, tasks: [], changes: [] });
    const rows = await query(
      service.database.url,
      'select from tasklane.profiles where lane_id = lane_of($1)',
      [ada.id],
    );
    expect(rows).toEqual([]);
  });

  test.each([1, 199, 200, 201, 400, 450])('of %i tasks has each task once, in order', async (count) => {
    const seeded = await seedTasks(
      service.database.url,
      ada.id,
      Array.from({ length: count }, (_, n) => ({ title: `Task ${n}` })),
    );
    expect(ids((await exported()).tasks)).toEqual(seeded.toSorted());
  });

  test('of hundreds of changes has each change once, in order', async () => {
    const numbers = Array.from({ length: 450 }, (_, n) => n + 1);
    await query(service.database.url, 'select make_lane($1)', [ada.id]);
    await query(
      service.database.url,
      'update tasklane.profiles set change_seq = 450 where lane_id = lane_of($1)',
      [ada.id],
    );
    await query(
      service.database.url,
      `insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
       select lane_of($1), n, 'task', gen_random_uuid(), 'deleted', '{}' from unnest($2::bigint[]) as n`,
      [ada.id, numbers],
    );
    const { changes } = await exported();
    expect(changes.map((each: Body) => each.seq)).toEqual(numbers);
  });

  test('has the same data as other requests, and no data of another user', async () => {
    const bob = await makeUser(service.url);
    await seedTasks(service.database.url, bob.id, [{ title: 'Of another' }]);
    await seedTasks(service.database.url, ada.id, [
      { title: 'One', description: 'With "quotes", \\ and \u2028', status: 'completed', priority: 'urgent' },
      { title: 'Zwei ✓ 😀' },
    ]);
    const list = await ada.send('GET', '/tasks');
    const { tasks, profile } = await exported();
    expect(tasks).toEqual(list.body.items.toSorted((a: Body, b: Body) => (a.id < b.id ? -1 : 1)));
    expect(profile).toEqual((await ada.send('GET', '/profile')).body);
  });

  test('answers HEAD with its headers', async () => {
    const { headers } = await ada.send('GET', '/export');
    const head = await ada.send('HEAD', '/export');
    expect(head).toMatchObject({ status: 200, body: undefined });
    for (const name of ['content-type', 'content-disposition'])
      expect(head.headers[name]).toBe(headers[name]);
  });
});

describe('a large export', () => {
  beforeEach(makeLarge);

  test('uses little memory and holds no connection, even if it is read slowly', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = () => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const response = await startExport();
    const before = held();
    await otherRequests(100);
    let most = held();

    let [bytes, sampledAt, end] = [0, 0, ''];
    for await (const chunk of response) {
      bytes += chunk.length;
      end = chunk.toString().slice(-2);
      if (bytes < sampledAt + 8_000_000) continue;
      sampledAt = bytes;
      most = Math.max(most, held());
    }
    expect(bytes).toBeGreaterThan(largeBytes);
    expect(end).toBe(']}');
    // Far below the whole export; the figure includes garbage.
    expect(most - before).toBeLessThan(largeBytes / 2);
  });

  test('stops when its client disconnects', async () => {
    const before = exportLog().length;
    const response = await startExport();
    response.destroy();
    const [line] = await until(() => exportLog().length > before && exportLog().slice(before));
    expect(line).toMatchObject({ status: 200, aborted: true });
    await otherRequests(1);
    expect(service.logged.filter((each) => (each.level as number) >= 50)).toEqual([]);
  });

  test('has each task that is changed meanwhile as before the change, or as after it together with the change', async () => {
    const [first, last] = await query<{ id: string; title: string }>(
      service.database.url,
      `(select id, title from tasklane.tasks where lane_id = lane_of($1) order by id limit 1)
       union all (select id, title from tasklane.tasks where lane_id = lane_of($1) order by id desc limit 1)`,
      [ada.id],
    );
    const response = await startExport();
    for (const task of [first, last]) {
      await ada.send('PATCH', `/tasks/${task?.id}`, { body: { title: 'Changed meanwhile' } });
    }
    const { tasks, changes } = JSON.parse(await textOf(response));
    expect(tasks).toHaveLength(largeCount);
    expect([tasks.at(0), tasks.at(-1)]).toMatchObject([first, { id: last?.id, title: 'Changed meanwhile' }]);
    expect(changes.map((each: Body) => each.entity_id)).toEqual([first?.id, last?.id]);
  });

  test('ends incomplete if the lane is erased during the export', async () => {
    const response = await startExport();
    await query(service.database.url, 'delete from tasklane.profiles where lane_id = lane_of($1)', [ada.id]);
    await ada.send('POST', '/tasks', { body: { title: 'In the new lane' } });
    await expect(textOf(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(response.complete).toBe(false);
    const errors = service.logged.filter((line) => line.msg === 'request' && line.err);
    expect(errors).toMatchObject([{ err: { message: 'The lane was erased during its export.' } }]);
    await otherRequests(1);
  });
});
