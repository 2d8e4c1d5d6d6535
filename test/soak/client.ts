/** Sends requests, checks each answer by the contract, and records what became of it. */
import { Agent, request } from 'node:http';
import { availableParallelism, loadavg } from 'node:os';
import { buffer } from 'node:stream/consumers';
import type { Body } from '../support/api';
import { assertDescribed } from '../support/response-check';
import type { Balancer } from './processes';

export interface Answer {
  /** Null if the connection broke before the end of a response. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export interface Sent {
  readonly userId: string;
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON unless it is a string. */
  readonly body?: unknown;
  /** Milliseconds after which the client disconnects. */
  readonly cutMs?: number | undefined;
  readonly random: () => number;
  /** Whether the answer must follow the contract; false for requests that Node's parser refuses. */
  readonly isChecked?: boolean;
}

/** Called when something is wrong, with a sentence. */
export type Fail = (reason: string) => void;

/** Called with the status of each answer, and the milliseconds that it took. */
export type RecordAnswer = (status: number | null, took: number) => void;

export interface SoakClient {
  send(sent: Sent): Promise<Answer>;
  /** The slowest requests, the slowest first. */
  slowest(): readonly string[];
  close(): void;
}

const boundMs = 15_000;
const giveUpMs = 90_000;
const slowMs = 3_000;
const keptSlow = 10;

/**
 * A request that takes longer than this fails the run. The timeouts of the service are 2 s; the rest is for many statements in
 * one request, and for a machine on which more processes want to run than twice its number of cores.
 */
const currentBoundMs = () => boundMs * Math.max(1, (loadavg()[0] as number) / (2 * availableParallelism()));
const nothing = { status: null, headers: {}, body: undefined };

export function createClient(
  balancer: Balancer,
  record: RecordAnswer,
  fail: Fail,
  stallMs: () => number,
): SoakClient {
  let slow: { took: number; what: string }[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });

  async function send(sent: Sent): Promise<Answer> {
    const { userId, token, method, path, headers = {}, body, cutMs, random, isChecked = true } = sent;
    const instance = balancer.pick(random);
    if (!instance) return nothing;
    const began = performance.now();
    const answer = await new Promise<Answer & { isLate?: boolean }>((resolve) => {
      const broken = () => resolve(nothing);
      const sending = request(`${instance.url}${path}`, {
        method,
        agent,
        headers: {
          Authorization: `Bearer ${token}`,
          // Each user has an address of its own.
          'X-Forwarded-For': addressOf(userId),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...headers,
        },
      });
      const cut = setTimeout(() => sending.destroy(), cutMs ?? giveUpMs);
      const late = setTimeout(() => resolve({ ...nothing, isLate: true }), giveUpMs + 1_000);
      sending.on('close', () => {
        clearTimeout(cut);
        clearTimeout(late);
      });
      sending.on('error', broken);
      sending.on('response', (response) => {
        response.on('error', broken);
        if (/^text\/event-stream/.test(response.headers['content-type'] ?? '')) return void sending.destroy();
        buffer(response).then((bytes) => {
          const isJson = /json\b/.test(response.headers['content-type'] ?? '');
          resolve({
            status: response.statusCode ?? null,
            headers: response.headers as Answer['headers'],
            body: parsed(bytes.toString(), isJson),
          });
        }, broken);
      });
      sending.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
    });
    const took = performance.now() - began;
    record(answer.status, took);
    const what = `${method} ${path.slice(0, 200)} at ${instance.name}`;
    if (took > slowMs) {
      slow.push({ took, what: `${what}: ${answer.status} (${answer.headers['x-request-id']})` });
      slow = slow.sort((a, b) => b.took - a.took).slice(0, keptSlow);
    }
    if (answer.isLate || took > currentBoundMs() + stallMs()) {
      fail(`${what} took ${Math.round(took)} ms, and was answered with ${answer.status}.`);
    }
    check(answer, sent, what, isChecked);
    return answer;
  }

  function check(
    { status, headers, body }: Answer,
    { method, path }: Sent,
    what: string,
    isChecked: boolean,
  ) {
    if (status === null) return;
    const id = headers['x-request-id'];
    if (status === 500 || status > 503) fail(`${what} was answered with ${status} (${id}): ${text(body)}`);
    if ((status === 503 || status === 429) && !(Number(headers['retry-after']) >= 1)) {
      fail(`${what} was answered with ${status} (${id}) without Retry-After.`);
    }
    if (!isChecked) return;
    try {
      assertDescribed(method, path, { status, headers, body });
    } catch (error) {
      fail(
        `${what} was answered outside of the contract (${id}): ${(error as Error).message.slice(0, 1_000)}`,
      );
    }
  }

  return {
    send,
    slowest: () => slow.map(({ took, what }) => `${Math.round(took)} ms: ${what}`),
    close: () => agent.destroy(),
  };
}

function parsed(text: string, isJson: boolean): unknown {
  if (text === '') return undefined;
  try {
    return isJson ? JSON.parse(text) : text;
  } catch {
    // The check of the contract then fails.
    return text;
  }
}

export const text = (body: unknown) => JSON.stringify(body)?.slice(0, 500);

/** An address for each user. */
function addressOf(userId: string): string {
  const n = [...userId].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) % 65_000, 7);
  return `10.1.${n >> 8}.${(n & 255) + 1}`;
}
