/** A client that writes without pause, and remembers each acknowledged write. */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { query } from '../support/database';
import { tokenOf } from '../support/service';
import { until } from '../support/until';

/** One request and its result. */
export interface Attempt {
  /** Null if the connection broke before a response. */
  readonly status: number | null;
  /** The seconds of `Retry-After`; null if the response has none. */
  readonly retryAfter: number | null;
  /** Milliseconds until the response, or until the connection broke. */
  readonly took: number;
}

export interface Writer {
  readonly attempts: readonly Attempt[];
  /** The number of acknowledged writes so far. */
  acknowledged(): number;
  /** Resolves after `count` more acknowledged writes. */
  progress(count: number, deadlineMs?: number): Promise<void>;
  /** Stops writing, and checks that the database has each acknowledged write exactly once, in its last form. */
  stopAndVerify(databaseUrl: string): Promise<void>;
  /** Stops writing and ends the running requests, without a check. */
  stop(): Promise<void>;
}

const writers = 4;
// A client that retries at once would only measure rejected requests.
const pauseMs = 20;

/** The statuses that a client can get while the database, Redis or the network fails. */
export const statusesOfFaults: ReadonlySet<number | null> = new Set([200, 201, 503, null]);

/**
 * Starts to create tasks and to rename each once, as one user, with `writers` requests at a time. A failed request is
 * repeated with the same idempotency key. `base` is called before each request, so that the instance can change.
 */
export async function startWriter(base: () => string, userId: string = randomUUID()): Promise<Writer> {
  const token = await tokenOf(userId);
  const agent = new Agent({ keepAlive: true });
  const attempts: Attempt[] = [];
  /** The title that was last acknowledged, by the task's id. */
  const titles = new Map<string, string>();
  const sent = new Set<string>();
  let writes = 0;
  let stopped = false;

  function send(method: string, path: string, key: string, body: object): Promise<Attempt> {
    const began = performance.now();
    const end = (status: number | null, retryAfter: number | null): Attempt => {
      const attempt = { status, retryAfter, took: performance.now() - began };
      attempts.push(attempt);
      return attempt;
    };
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': key,
    };
    return new Promise((resolve) => {
      const broken = () => resolve(end(null, null));
      const sending = request(`${base()}/api/${userId}${path}`, { method, agent, headers }, (response) => {
        const retryAfter = response.headers['retry-after'];
        text(response).then(
          () =>
            resolve(end(response.statusCode ?? null, retryAfter === undefined ? null : Number(retryAfter))),
          broken,
        );
      });
      sending.on('error', broken);
      sending.end(JSON.stringify(body));
    });
  }

  /** Sends one write until it is acknowledged; false if the writer was stopped first. */
  async function write(
    method: string,
    path: string,
    body: object,
    statuses: readonly number[],
  ): Promise<boolean> {
    const key = randomUUID();
    while (!stopped) {
      const { status } = await send(method, path, key, body);
      if (status !== null && statuses.includes(status)) {
        writes += 1;
        return true;
      }
      await sleep(pauseMs);
    }
    return false;
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const id = randomUUID();
      sent.add(id);
      const title = `Task ${id}`;
      if (!(await write('POST', '/tasks', { id, title }, [201]))) return;
      titles.set(id, title);
      const renamed = `${title}, renamed`;
      if (!(await write('PATCH', `/tasks/${id}`, { title: renamed }, [200]))) return;
      titles.set(id, renamed);
    }
  }

  const runs = Array.from({ length: writers }, run);
  const finish = async () => {
    stopped = true;
    await Promise.all(runs);
    agent.destroy();
  };
  return {
    attempts,
    acknowledged: () => writes,
    async progress(count, deadlineMs = 30_000) {
      const from = writes;
      await until(() => writes >= from + count, deadlineMs);
    },
    async stop() {
      stopped = true;
      agent.destroy();
      await finish();
    },
    async stopAndVerify(databaseUrl) {
      await finish();
      const rows = await query<{ id: string; title: string }>(
        databaseUrl,
        'select id, title from tasklane.tasks where lane_id = lane_of($1)',
        [userId],
      );
      const found = new Map(rows.map((row) => [row.id, row.title]));
      // A rename without a response may still have been carried out.
      const lost = [...titles].filter(
        ([id, title]) => ![title, `${title}, renamed`].includes(found.get(id) ?? ''),
      );
      expect(lost).toEqual([]);
      // No unexpected task and no duplicate exists.
      expect(found.size).toBe(rows.length);
      expect([...found.keys()].filter((id) => !sent.has(id))).toEqual([]);
      const [{ changes = 0, last = 0 } = {}] = await query<{ changes: number; last: number }>(
        databaseUrl,
        `select (select count(*)::int from tasklane.changes where lane_id = lane_of($1)) as changes,
                (select change_seq::int from tasklane.profiles where lane_id = lane_of($1)) as last`,
        [userId],
      );
      // The change sequence has no gap.
      expect(changes).toBe(last);
    },
  };
}

/** A summary of a writer's requests: the count of each status, and the slowest response in milliseconds. */
export function summaryOf({ attempts }: Writer): { statuses: Record<string, number>; slowest: number } {
  const statuses: Record<string, number> = {};
  for (const { status } of attempts) statuses[String(status)] = (statuses[String(status)] ?? 0) + 1;
  return { statuses, slowest: Math.max(0, ...attempts.map((each) => each.took)) };
}

/** Checks that each response was a success or a 503 with `Retry-After`, within `withinMs`. */
export function expectBounded(writer: Writer, withinMs: number): void {
  const { attempts } = writer;
  expect(attempts.filter(({ status }) => !statusesOfFaults.has(status))).toEqual([]);
  expect(attempts.filter(({ status, retryAfter }) => status === 503 && retryAfter === null)).toEqual([]);
  expect(attempts.filter(({ took }) => took > withinMs)).toEqual([]);
}
