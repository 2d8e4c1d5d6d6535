/** Short ways to do to tasks what tests arrange and then look at. */
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
  /** Sends a request that must succeed, and returns its body. */
  ok(method: string, path: string, body?: unknown): Promise<Body>;
  /** Makes a task, titled `A task` unless the body says otherwise. */
  create(body?: object): Promise<Body>;
  /** Makes tasks, each the parent of the next. */
  line(length: number, body?: object): Promise<Body[]>;
  project(name?: string): Promise<Body>;
  read(id: string): Promise<Body>;
  /** All of a list's items, page by page. */
  all(path: string, limit?: number): Promise<Body[]>;
  /** What a request is refused for with 422: `pointer code`, in order. */
  faults(method: string, path: string, body: unknown): Promise<string[]>;
  /** The lane's changes after a sequence number. */
  changesAfter(seq: number): Promise<LoggedChange[]>;
  /** How far the lane's changes have got. */
  seq(): Promise<number>;
}

/** Makes a user of a service, with a lane of its own. */
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
       where user_id = $1 and seq > $2 order by seq`,
      [user.id, seq],
    );
  return {
    ...user,
    ok,
    create,
    async line(length, body = {}) {
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
    async faults(method, path, body) {
      const response = await send(method, path, body);
      if (response.status !== 422) throw new Error(`${method} ${path}: ${response.status}`);
      return response.body.errors.map((each: Body) => `${each.pointer} ${each.code}`).toSorted();
    },
    changesAfter,
    async seq() {
      const [row] = await query<{ seq: number }>(
        database.url,
        'select change_seq::int as seq from tasklane.profiles where user_id = $1',
        [user.id],
      );
      return row?.seq ?? 0;
    },
  };
}
