/** What the floor and the Fastify server share: one table of tasks, one prepared statement per request, and tokens. */
import { createHmac } from 'node:crypto';
import { Client, Pool } from 'pg';

/** A task as these servers show it; the times become text in JSON. */
export interface FloorTask {
  readonly id: string;
  readonly user_id: string;
  readonly title: string;
  readonly description: string | null;
  readonly status: string;
  readonly priority: string;
  readonly due_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const columns = 'id, user_id, title, description, status, priority, due_at, created_at, updated_at';

const createTable = `
  create table tasks (
    id uuid primary key default gen_random_uuid(),
    user_id text not null,
    title varchar(200) not null,
    description text,
    status text not null default 'pending',
    priority text not null default 'medium',
    due_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  create index on tasks (user_id, created_at desc, id desc)`;

/** Creates the table in an empty database. `insert` is a statement that fills it, with its values. */
export async function createFloor(url: string, insert: string, values: readonly unknown[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(createTable);
    await client.query(insert, [...values]);
    await client.query('vacuum analyze tasks');
  } finally {
    await client.end();
  }
}

/** The statements of the floor, over a pool of 10 connections. */
export function openFloor(url: string) {
  const pool = new Pool({ connectionString: url, max: 10 });
  const query = async (name: string, text: string, values: unknown[]): Promise<FloorTask[]> =>
    (await pool.query<FloorTask>({ name, text, values })).rows;
  return {
    async get(userId: string, id: string): Promise<FloorTask | undefined> {
      return (
        await query('get', `select ${columns} from tasks where user_id = $1 and id = $2`, [userId, id])
      )[0];
    },
    list(userId: string, limit: number): Promise<FloorTask[]> {
      const text = `select ${columns} from tasks where user_id = $1 order by created_at desc, id desc limit $2`;
      return query('list', text, [userId, limit]);
    },
    async create(userId: string, task: { title: string; priority: string }): Promise<FloorTask> {
      const text = `insert into tasks (user_id, title, priority) values ($1, $2, $3) returning ${columns}`;
      return (await query('create', text, [userId, task.title, task.priority]))[0]!;
    },
    async rename(userId: string, id: string, title: string): Promise<FloorTask | undefined> {
      const text = `update tasks set title = $3, updated_at = now() where user_id = $1 and id = $2 returning ${columns}`;
      return (await query('rename', text, [userId, id, title]))[0];
    },
  };
}

/** Creates a function that returns the `sub` of an HS256 token. It verifies the signature of each token once. */
export function createVerifier(secret: string): (authorization: string | undefined) => string | undefined {
  const subjects = new Map<string, string>();
  return (authorization = '') => {
    const known = subjects.get(authorization);
    if (known !== undefined) return known;
    const [header, payload = '', signature] = authorization.slice('Bearer '.length).split('.');
    const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
    if (signature !== expected) return undefined;
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string };
    subjects.set(authorization, sub);
    return sub;
  };
}
