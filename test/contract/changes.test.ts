/**
 * Every operation that writes to a lane records changes with every difference. The operations come from the contract,
 * with the requests of their cases, so that new operations are tested too.
 */
import { randomUUID } from 'node:crypto';
import type { Schemas } from '../../src/platform/contract/document/operations';
import { type ApiResponse, type Body, type RequestOptions, send } from '../support/api';
import { query } from '../support/database';
import { copyLane, type Entities } from '../support/lane-copy';
import { operations } from '../support/operations';
import { tokenOf, useTestService } from '../support/service';
import type { Case } from './cases';
import { cases } from './table';

type Change = Schemas['Change'];

/** Operations that may record no change, and the reason. */
const withoutChange: Readonly<Record<string, string>> = {
  eraseLane: 'The history is erased with the lane.',
  testWebhook: 'Queues a delivery, and changes no entity of the lane.',
  replayWebhook: 'Queues deliveries, and changes no entity of the lane.',
  redeliverWebhook: 'Queues a delivery, and changes no entity of the lane.',
};

/** Fields that every change of an entity sets. Changes do not list them. */
const counting = ['version', 'updated_at'];

/** Fields that are derived from fields in the changes, by type of entity. */
const derived: Readonly<Record<string, readonly string[]>> = {
  task: ['completed', 'due_at', 'start_at'],
};

const service = useTestService({ RATE_LIMIT: 'off' });

const writes = operations.filter(
  (operation) => operation.scope === 'write' && operation.path.startsWith('/api/{user_id}'),
);

/** The difference that one request made in a lane. */
interface Effect {
  readonly before: Entities;
  readonly after: Entities;
  readonly changes: readonly Change[];
  /** Whether a row of any table has changed, except the change sequence and the changes. */
  readonly wrote: boolean;
}

const counters = `'{change_seq,task_count,project_count,tag_count,webhook_count,storage_written,storage_check_at}'`;

/** Every row of the lane's tables, as text. */
async function rowsOf(userId: string): Promise<string> {
  const tables = await query<{ name: string }>(
    service.database.url,
    `select table_name as name from information_schema.columns
     where table_schema = 'tasklane' and column_name = 'lane_id' and table_name <> 'changes' order by 1`,
  );
  const rows = tables.map(({ name }) =>
    query<object>(
      service.database.url,
      `select to_jsonb(t) - ${counters}::text[] as row from tasklane."${name}" as t where lane_id = lane_of($1)
       order by (to_jsonb(t) - ${counters}::text[])::text collate "C"`,
      [userId],
    ),
  );
  return JSON.stringify(await Promise.all(rows));
}

async function entitiesOf(userId: string, token: string): Promise<Entities> {
  const copy = copyLane(service.url, userId, token);
  await copy.catchUp();
  return copy.entities();
}

async function counterOf(userId: string): Promise<number> {
  const [row] = await query<{ seq: number }>(
    service.database.url,
    'select change_seq::int as seq from tasklane.profiles where lane_id = lane_of($1)',
    [userId],
  );
  return row?.seq ?? 0;
}

function isRequestOf(operation: (typeof writes)[number], method: string, path: string): boolean {
  const pattern = operation.path.replace(/\{[^}]+\}/g, '[^/]+');
  return operation.method.toUpperCase() === method && new RegExp(`^${pattern}(\\?.*)?$`).test(path);
}

/** Runs an operation's successful cases, and records the difference that each request makes. */
async function effectsOf(operation: (typeof writes)[number]): Promise<Effect[]> {
  const effects: Effect[] = [];
  const successes = Object.entries<Case>(cases[operation.id]).filter(([status]) => status.startsWith('2'));
  for (const [, run] of successes) {
    const userId = randomUUID();
    const token = await tokenOf(userId);
    const plain = (method: string, path: string, options?: RequestOptions): Promise<ApiResponse> =>
      send(service.url, method, path, { token, ...options });
    await run({
      userId,
      lane: `/api/${userId}`,
      databaseUrl: service.database.url,
      async send(method, path, options) {
        if (!isRequestOf(operation, method, path)) return plain(method, path, options);
        // The first write creates the profile with its defaults.
        await query(service.database.url, 'select make_lane($1)', [userId]);
        const [before, rows, counter] = [
          await entitiesOf(userId, token),
          await rowsOf(userId),
          await counterOf(userId),
        ];
        const response = await plain(method, path, options);
        if (response.status >= 300 || operation.id in withoutChange) return response;
        const changes = await query<Change>(
          service.database.url,
          `select seq::int, type, entity_id, action, fields from tasklane.changes
           where lane_id = lane_of($1) and seq > $2 order by seq`,
          [userId, counter],
        );
        const wrote = rows !== (await rowsOf(userId));
        effects.push({ before, after: await entitiesOf(userId, token), changes, wrote });
        return response;
      },
    });
  }
  return effects;
}

/** The fields of an entity that differ, with the old and the new value. */
function differences(
  type: string,
  before: Body,
  after: Body,
): Record<string, { from: unknown; to: unknown }> {
  const fields = Object.keys(before).filter(
    (field) =>
      ![...counting, ...(derived[type] ?? [])].includes(field) &&
      JSON.stringify(before[field]) !== JSON.stringify(after[field]),
  );
  return Object.fromEntries(fields.map((field) => [field, { from: before[field], to: after[field] }]));
}

test('the operations without changes are operations of the contract that write', () => {
  expect(writes.length).toBeGreaterThan(0);
  expect(writes.map((operation) => operation.id)).toEqual(expect.arrayContaining(Object.keys(withoutChange)));
});

const watched = writes.filter((operation) => !(operation.id in withoutChange));

test.each(watched.map((operation) => [operation.id, operation] as const))(
  '%s records every difference in changes',
  async (_id, operation) => {
    const effects = await effectsOf(operation);
    expect(effects.filter((effect) => effect.wrote)).not.toEqual([]);
    for (const { before, after, changes, wrote } of effects) {
      // A write records changes, which continue the change sequence without a gap.
      expect(changes.length > 0).toBe(wrote);
      for (const change of changes) {
        if (change.action === 'updated') expect(change.fields).not.toEqual({});
      }
      const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
      for (const key of keys) {
        const [type = '', id] = key.split(' ');
        const own = changes.filter((each) => each.type === type && String(each.entity_id) === id);
        const [was, is] = [before[key], after[key]];
        if (JSON.stringify(was) === JSON.stringify(is)) continue;
        // A created or deleted entity has a change. The changes of an updated entity contain its changed fields.
        if (!was || !is) expect(own.map((each) => each.action)).not.toEqual([]);
        // Tasks are in the trash. The history has the last values of all other deleted entities.
        if (was && !is && type !== 'task') {
          const { id: _id, user_id: _user, version: _version, updated_at: _at, ...fields } = was as Body;
          const last = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
          const from = Object.fromEntries(
            Object.entries(own.at(-1)?.fields ?? {}).map(([field, values]) => [field, values.from]),
          );
          expect({ key, from }).toMatchObject({ key, from: last });
        }
        if (!was || !is) continue;
        const told = Object.assign({}, ...own.map((each) => each.fields));
        expect({ key, told }).toMatchObject({ key, told: differences(type, was, is) });
      }
    }
  },
);
