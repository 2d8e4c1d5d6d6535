/** A client with short methods for tasks. */
import type { ApiResponse, Body } from './api';
import { query } from './database';
import type { TestService } from './service';
import { makeUser, type TestUser } from './user';

export interface LoggedChange {
  readonly seq: number;
  readonly type: string;
  readonly entity_id: string;
  readonly action: string;
  readonly fields: Record<string, { from: unknown; to: unknown }>;
}

export interface TaskClient extends TestUser {
  /** Sends a request that must succeed; returns the body. */
  ok(method: string, path: string, body?: unknown): Promise<Body>;
  /** Creates a task, titled `A task` by default. */
  create(body?: object): Promise<Body>;
  /** Creates tasks, each the parent of the next. */
  chain(length: number, body?: object): Promise<Body[]>;
  project(name?: string): Promise<Body>;
  read(id: string): Promise<Body>;
  /** All items of a list, page by page. */
  all(path: string, limit?: number): Promise<Body[]>;
  /** The validation errors of a request that must fail with 422: `pointer code`, sorted. */
  validationErrors(method: string, path: string, body: unknown): Promise<string[]>;
  /** The lane's changes after a sequence number. */
  changesAfter(seq: number): Promise<LoggedChange[]>;
  /** The change sequence of the lane. */
  seq(): Promise<number>;
}

/** Makes a user of a service. */
export async function makeTaskClient({ url, database }: TestService, id?: string): Promise<TaskClient> {
  const user = await makeUser(url, id);
  const send = (method: string, path: string, body?: unknown): Promise<ApiResponse> =>
    user.send(method, path, body === undefined ? {} : { body });
  const ok = async (method: string, path: string, body?: unknown) => {
    const response = await send(method, path, body);
    if (response.status >= 300) {
      throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(response.body)}`);
    }
    return response.body;
  };
  const create = (body: object = {}) => ok('POST', '/tasks', { title: 'A task', ...body });
  const changesAfter = (seq: number) =>
    query<LoggedChange>(
      database.url,
      `select seq::int, type, entity_id, action, fields from tasklane.changes
       where lane_id = lane_of($1) and seq > $2 order by seq`,
      [user.id, seq],
    );
  return {
    ...user,
    ok,
    create,
    async chain(length, body = {}) {
      const tasks: Body[] = [];
      for (let level = 1; level <= length; level++) {
        const parent_id = tasks.at(-1)?.id ?? null;
        tasks.push(await create({ title: `Level ${level}`, ...(level === 1 ? body : {}), parent_id }));
      }
      return tasks;
    },
    project: (name = 'A project') => ok('POST', '/projects', { name }),
    read: (id) => ok('GET', `/tasks/${id}`),
    async all(path, limit = 200) {
      const items: Body[] = [];
      let cursor: string | null = null;
      do {
        const separator = path.includes('?') ? '&' : '?';
        const page: Body = await ok(
          'GET',
          `${path}${separator}limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`,
        );
        items.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return items;
    },
    async validationErrors(method, path, body) {
      const response = await send(method, path, body);
      if (response.status !== 422) throw new Error(`${method} ${path}: ${response.status}`);
      return response.body.errors.map((each: Body) => `${each.pointer} ${each.code}`).toSorted();
    },
    changesAfter,
    async seq() {
      const [row] = await query<{ seq: number }>(
        database.url,
        'select change_seq::int as seq from tasklane.profiles where lane_id = lane_of($1)',
        [user.id],
      );
      return row?.seq ?? 0;
    },
  };
}
