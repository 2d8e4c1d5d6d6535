import { v7 as uuidv7 } from 'uuid';
import { decodeCursor, encodeCursor } from '../contract/cursor';
import type { Call, Handlers } from '../contract/operations';
import type { Position } from '../database/keyset';
import type { UserScope } from '../database/lane';
import type { TaskRow } from '../database/rows';
import { toTask } from './mapper';
import { orderOf, parsePosition, positionOf, type TaskSortKey } from './order';
import {
  countTasks,
  deleteTask,
  findTask,
  insertTask,
  listTasks,
  type TaskFields,
  type TaskFilter,
  updateTask,
} from './repository';

type ListQuery = Call<'listTasks'>['query'];

function instant(value: string | undefined): Date | undefined {
  return value === undefined ? undefined : new Date(value);
}

function toFilter(query: ListQuery): TaskFilter {
  return {
    status: query.status,
    priority: query.priority,
    createdAfter: instant(query.created_after),
    createdBefore: instant(query.created_before),
    updatedAfter: instant(query.updated_after),
    updatedBefore: instant(query.updated_before),
  };
}

/** The page's beginning: null without a cursor, undefined for a cursor of another list. */
function startOf(list: unknown, order: TaskSortKey[], cursor?: string): Position | null | undefined {
  if (cursor === undefined) return null;
  const values = decodeCursor(list, cursor);
  return (values && parsePosition(order, values)) ?? undefined;
}

/** The address of the next page: this one's with another cursor (RFC 8288). */
function nextLink(url: string, cursor: string): string {
  const next = new URL(url, 'http://localhost');
  next.searchParams.set('cursor', cursor);
  return `<${next.pathname}${next.search}>; rel="next"`;
}

/** Changes a task in its lane; undefined if the lane has none with this id. */
function changeTask(
  lane: UserScope,
  id: string,
  change: (current: TaskRow) => Partial<TaskFields>,
): Promise<TaskRow | undefined> {
  return lane.write(async (writable) => {
    const current = await findTask(writable, id);
    return current && updateTask(writable, current, change(current));
  });
}

type Writable<F> = { [K in keyof F]?: F[K] | undefined };

function toFields<F extends Writable<TaskFields>>(body: F): F {
  return body.title === undefined ? body : { ...body, title: body.title.trim() };
}

export const taskHandlers: Pick<
  Handlers,
  'listTasks' | 'createTask' | 'getTask' | 'replaceTask' | 'updateTask' | 'deleteTask' | 'completeTask'
> = {
  async listTasks(call) {
    const { cursor, limit, include_total, sort } = call.query;
    const filter = toFilter(call.query);
    const order = orderOf(sort);
    const list = [call.path.user_id, filter, sort];
    const after = startOf(list, order, cursor);
    if (after === undefined) {
      return call.fail('validation-failed', {
        errors: [
          {
            pointer: '/query/cursor',
            code: 'wrong-cursor',
            detail: 'is not a cursor of this list with these filters and this sort',
          },
        ],
      });
    }
    // One more than the page holds tells whether there is another.
    const [rows, total] = await call.lane.read((lane) =>
      Promise.all([
        listTasks(lane, { filter, order, after, limit: limit + 1 }),
        include_total ? countTasks(lane, filter) : null,
      ]),
    );
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const next_cursor = rows.length > limit && last ? encodeCursor(list, positionOf(order, last)) : null;
    return call.reply(
      200,
      { items: items.map(toTask), next_cursor, total },
      next_cursor === null ? {} : { Link: nextLink(call.url, next_cursor) },
    );
  },

  async createTask(call) {
    const { id = uuidv7(), ...body } = call.body;
    const row = await call.lane.write((lane) => insertTask(lane, { id, ...toFields(body) }));
    if (!row) return call.fail('id-taken');
    return call.reply(201, toTask(row), {
      Location: `/api/${encodeURIComponent(row.user_id)}/tasks/${row.id}`,
    });
  },

  async getTask(call) {
    const row = await call.lane.read((lane) => findTask(lane, call.path.task_id));
    return row ? call.reply(200, toTask(row)) : call.fail('task-not-found');
  },

  async replaceTask(call) {
    const row = await changeTask(call.lane, call.path.task_id, () => toFields(call.body));
    return row ? call.reply(200, toTask(row)) : call.fail('task-not-found');
  },

  async updateTask(call) {
    const row = await changeTask(call.lane, call.path.task_id, () => toFields(call.body));
    return row ? call.reply(200, toTask(row)) : call.fail('task-not-found');
  },

  async deleteTask(call) {
    const deleted = await call.lane.write((lane) => deleteTask(lane, call.path.task_id));
    return deleted ? call.reply(204) : call.fail('task-not-found');
  },

  async completeTask(call) {
    const row = await changeTask(call.lane, call.path.task_id, (current) => {
      const completed = call.body?.completed ?? current.status !== 'completed';
      if (completed) return { status: 'completed' };
      return current.status === 'completed' ? { status: 'pending' } : {};
    });
    return row ? call.reply(200, toTask(row)) : call.fail('task-not-found');
  },
};
