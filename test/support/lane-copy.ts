/** A client's copy of a lane, kept with /sync as the contract describes. */

import { toTask } from '../../src/features/tasks/mapper';
import type { Schemas } from '../../src/platform/contract/document/operations';
import type { TaskRow } from '../../src/platform/database/rows';
import { type Body, send } from './api';
import { query } from './database';

type SyncPage = Schemas['SyncPage'];

/** The entities of a copy, by type and id. */
export type Entities = Readonly<Record<string, unknown>>;

export interface LaneCopy {
  /** Reads one page; false if it is the last one. An expired token starts the copy over. */
  pull(limit?: number): Promise<boolean>;
  /** Reads pages until the last one. */
  catchUp(limit?: number): Promise<void>;
  entities(): Entities;
  /** The sync token of the next page. */
  token: string | undefined;
  /** Every page so far, in order. */
  readonly pages: SyncPage[];
}

function sorted(entities: ReadonlyMap<string, unknown>): Entities {
  return Object.fromEntries([...entities].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Makes an empty copy of the lane of `userId`; `base` can be a function if the service's address changes. */
export function copyLane(base: string | (() => string), userId: string, token: string): LaneCopy {
  let entities = new Map<string, unknown>();
  const get = async (path: string): Promise<{ status: number; body: Body }> =>
    send(typeof base === 'string' ? base : base(), 'GET', path, { token });
  const copy: LaneCopy = {
    token: undefined,
    pages: [],
    entities: () => sorted(entities),
    async pull(limit) {
      const search = new URLSearchParams();
      if (copy.token !== undefined) search.set('token', copy.token);
      if (limit !== undefined) search.set('limit', String(limit));
      const { status, body } = await get(`/api/${encodeURIComponent(userId)}/sync?${search}`);
      if (status === 410) {
        entities = new Map();
        copy.token = undefined;
        return true;
      }
      if (status !== 200) throw new Error(`/sync answered ${status}: ${JSON.stringify(body)}`);
      const page: SyncPage = body;
      copy.pages.push(page);
      for (const { type, id, deleted, data } of page.changes) {
        if (deleted) entities.delete(`${type} ${id}`);
        else entities.set(`${type} ${id}`, data);
      }
      copy.token = page.next_token;
      return page.has_more;
    },
    async catchUp(limit) {
      while (await copy.pull(limit));
    },
  };
  return copy;
}

/** The lane's tasks outside of the trash, read directly from the database. */
export async function storedTasks(databaseUrl: string, userId: string): Promise<Entities> {
  const rows = await query<TaskRow>(
    databaseUrl,
    'select * from tasklane.tasks where lane_id = lane_of($1) and deleted_at is null',
    [userId],
  );
  return sorted(new Map(rows.map((row) => [`task ${row.id}`, toTask(userId, row)])));
}

/** The tasks of a copy. */
export function tasksOf(entities: Entities): Entities {
  return Object.fromEntries(Object.entries(entities).filter(([key]) => key.startsWith('task ')));
}
