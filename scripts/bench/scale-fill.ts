/** Fills databases with many lanes of the same size, without the service. */
import { Client } from 'pg';
import { searchVersion } from '../../src/domain/text/words';
import { schema } from '../../src/platform/database/rows';

const lanesInChunk = 1_000;
const variants = 5_000;

/** The id of the user of lane `n`, as long as the ids of Better Auth. */
export const userOf = (n: number): string => `user${String(n).padStart(28, '0')}`;

/** The id of task `n` of a lane. Both are SQL expressions. */
export const taskOf = (lane: string, n: string): string => `md5(${lane} || ' ' || ${n})::uuid`;

// A title has 2 of 200 words, a description 10. Only these texts are parsed, which takes most of the time of a task.
const texts = `
  with words as (select array_agg(substr(md5(n::text), 1, 4 + n % 6)) as word from generate_series(1, 200) as n)
  select n as variant, title, description,
    setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', description), 'D') as search
  from words, generate_series(0, ${variants - 1}) as n,
    lateral (select abs(hashtext(n::text))::bigint as hash) as hashed,
    lateral (select 'Task ' || word[1 + hash % 200] || ' ' || word[1 + hash / 200 % 200] as title) as titled,
    lateral (select string_agg(word[1 + (hash * k) % 200], ' ') as description from generate_series(2, 11) as k) as described`;

// Rows of a chunk are in the order of time, not of lanes: the rows of a lane are on different pages, as in a service.
const tables = [
  `lanes (id, user_id) overriding system value
   select lane, 'user' || lpad(lane::text, 28, '0') from chunk`,
  `profiles (lane_id, change_seq, oldest_change_at, task_count, project_count, tag_count, webhook_count, delivers)
   select lane, 10, now() - interval '81 days' - lane % 8 * interval '1 day', $3, 1, 2,
     (lane % 10 = 0)::int, lane % 10 = 0 from chunk`,
  `projects (lane_id, id, name) select lane, md5('project ' || lane)::uuid, 'Project' from chunk`,
  `tags (lane_id, id, name, name_key)
   select lane, md5('tag ' || lane || ' ' || n)::uuid, 'tag ' || n, 'tag ' || n from chunk, generate_series(1, 2) as n`,
  // A third has a due date, a quarter is in the project, every fifth has a tag, one is in the trash, and a tenth is completed.
  `tasks (lane_id, id, title, description, status, priority, completed_at, due_date, overdue_at, overdue_told,
     created_at, updated_at, position, project_id, tags, deleted_at, deleted_with, search, search_version)
   select lane, id, text.title, text.description,
     (array['pending', 'pending', 'in_progress', 'completed'])[1 + greatest(0, n % 10 - 6)],
     (array['low', 'medium', 'high', 'urgent'])[1 + n % 4], case when n % 10 = 9 then now() end,
     due, due + 1, case when due < current_date then due + 1 end,
     now() - ($3 - n) * interval '4 days', now() - ($3 - n) * interval '1 day', 'm' || lpad(to_hex(n), 13, '0'),
     case when n % 4 = 0 then md5('project ' || lane)::uuid end,
     case when n % 5 = 0 then array['tag 1'] else '{}' end,
     case when n = 1 then now() - (1 + lane % 28) * interval '1 day' end, case when n = 1 then id end,
     text.search, ${searchVersion}
   from generate_series(1, $3::int) as n, chunk,
     lateral (select ${taskOf('lane', 'n')} as id,
       case when n % 3 = 0 then current_date + ((lane * 7 + n * 31) % 400)::int - 100 end as due) as made,
     texts as text
   where text.variant = (lane * 31 + n * 17) % ${variants}`,
  `task_tags (lane_id, task_id, tag_id)
   select lane, ${taskOf('lane', 'n')}, md5('tag ' || lane || ' 1')::uuid from generate_series(5, $3, 5) as n, chunk`,
  // Every fifth task has a reminder. Half of them have fired.
  `reminders (lane_id, task_id, fire_at, fired_at, identity)
   select lane, ${taskOf('lane', 'n')}, at, case when n % 10 = 0 then at end, at::text
   from generate_series(5, $3, 5) as n, chunk, lateral (
     select (now() + (case when n % 10 = 0 then -1 else 1 end) * (1 + (lane * 13 + n) % 300) * interval '1 day')::timestamptz(3) as at
   ) as made`,
  `changes (lane_id, seq, type, entity_id, action, fields, at, request)
   select lane, n, 'task', ${taskOf('lane', 'n')}, 'updated',
     '{"title": {"from": "Buy milk", "to": "Buy two litres of milk"}}',
     now() - interval '81 days' - lane % 8 * interval '1 day' + (n - 1) * interval '9 days', gen_random_uuid()
   from generate_series(1, 10) as n, chunk`,
  // A reply of the last day, and two older records.
  `idempotency_keys (lane_id, operation, key_hash, fingerprint, status, headers, body, created_at)
   select lane, 'createTask', sha256(convert_to(lane || ' ' || n, 'UTF8')), sha256(convert_to(n::text, 'UTF8')), 201,
     case when n = 3 then '{"ETag": "\\"1\\"", "Location": "/api/me/tasks/1"}'::jsonb end,
     case when n = 3 then repeat('{"title":"Buy milk"}', 25) end,
     now() - case when n = 3 then lane % 20 * interval '1 hour' else (n * 40 + lane % 8) * interval '1 day' end
   from generate_series(1, 3) as n, chunk`,
  `webhooks (lane_id, id, url, secret, verified_at)
   select lane, md5('webhook ' || lane)::uuid, 'https://hooks.example/' || lane, 'whsec_' || md5(lane::text), now()
   from chunk where lane % 10 = 0`,
  `webhook_deliveries (lane_id, id, webhook_id, event, seq, entity_id, fields, happened_at, state, attempt_count, created_at)
   select lane, md5('delivery ' || lane || ' ' || n)::uuid, md5('webhook ' || lane)::uuid, 'task.updated', n,
     ${taskOf('lane', 'n')}, '{"title": {"from": "Buy milk", "to": "Buy two litres of milk"}}', at, 'delivered', 1, at
   from generate_series(1, 10) as n, chunk,
     lateral (select now() - (lane % 4 + (10 - n) * 2.5) * interval '1 day' as at) as sent
   where lane % 10 = 0`,
];

/** Forgets what Postgres has counted for the statements of the client's database. */
export async function resetStatements(client: Client): Promise<void> {
  await client.query(
    'select pg_stat_statements_reset(0, oid, 0) from pg_database where datname = current_database()',
  );
}

/** Runs `work` on a new connection. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Inserts lanes with their rows, in one transaction. */
export async function fillLanes(client: Client, first: number, last: number, tasks: number): Promise<void> {
  // The rows fit together, so no trigger has to check it.
  await client.query(`set session_replication_role = replica`);
  await client.query(`create temporary table if not exists texts as ${texts}`);
  await client.query('begin');
  for (const table of tables) {
    await client.query(
      `with chunk as (
         select lane, $3::int as tasks from generate_series($1::bigint, $2::bigint) as lane
       ) insert into ${schema}.${table}`,
      [first, last, tasks],
    );
  }
  await client.query('commit');
  await client.query('reset session_replication_role');
}

/**
 * Fills an empty, migrated database with lanes 1 to `lanes`, over two connections. A lane has `tasks` tasks, 10 changes
 * and 3 idempotency records; every tenth lane has a webhook with 10 deliveries. Nothing is due for a job.
 * @returns seconds
 */
export async function fill(url: string, lanes: number, tasks: number): Promise<number> {
  const startedAt = performance.now();
  let next = 1;
  const fillChunks = () =>
    withClient(url, async (client) => {
      await client.query('set synchronous_commit = off');
      while (next <= lanes) {
        const first = next;
        next += lanesInChunk;
        await fillLanes(client, first, Math.min(lanes, next - 1), tasks);
      }
    });
  await Promise.all([fillChunks(), fillChunks()]);
  await withClient(url, async (client) => {
    await client.query(`select setval(pg_get_serial_sequence('${schema}.lanes', 'id'), $1)`, [2 * lanes]);
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
  return (performance.now() - startedAt) / 1000;
}
