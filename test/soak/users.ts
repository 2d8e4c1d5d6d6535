/** The users of the soak test whose lanes are verified. */
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Issuer } from '../../scripts/bench/issuer';
import type { Answer, Fail, SoakClient } from './client';
import { follow, type HookReceiver, keepCopy } from './observers';
import type { Balancer } from './processes';
import type { Lane } from './verify';
import { startWorker, type Worker } from './worker';

const workersOfUser = 3;
const pauseMs = 120;
const tags = ['home', 'work', 'garden', 'travel', 'someday'];
const tokenMs = 60_000;

/** Signs a new token now and then; some are verified with the shared secret, and the others with the key set. */
export function createTokens({ sign }: Issuer, userId: string, random: () => number): () => Promise<string> {
  let token: Promise<string> | undefined;
  let newAt = 0;
  return () => {
    if (!token || performance.now() > newAt) {
      token = sign(random() < 0.3 ? 'HS256' : 'EdDSA', userId);
      newAt = performance.now() + tokenMs * (0.5 + random());
    }
    return token;
  };
}

export interface UserOptions {
  readonly issuer: Issuer;
  readonly client: SoakClient;
  readonly hooks: HookReceiver;
  readonly balancer: Balancer;
  /** Makes a generator that no other part of the run uses. */
  readonly newRandom: () => () => number;
  readonly fail: Fail;
  /** Called after each acknowledged write. `repeated` says whether the client sent it more than once. */
  readonly acknowledged: (repeated: boolean) => void;
  readonly isOver: () => boolean;
  readonly hasHook: boolean;
}

export interface User {
  /** What is verified after the load. */
  lane(): Lane;
  readonly workers: readonly Worker[];
  /** Resolves when all clients of the user have finished their last request. */
  readonly done: Promise<unknown>;
}

/** Starts the clients of a user: those that write, an event stream, a copy, and for some users a webhook. */
export async function startUser(userId: string, options: UserOptions): Promise<User> {
  const { issuer, client, hooks, balancer, newRandom, fail, acknowledged, isOver, hasHook } = options;
  const random = newRandom();
  const token = createTokens(issuer, userId, random);
  const send = async (method: string, path: string, body?: object): Promise<Answer> =>
    client.send({
      userId,
      token: await token(),
      method,
      path: `/api/${userId}${path}`,
      body,
      headers: method === 'GET' ? {} : { 'Idempotency-Key': randomUUID() },
      random,
    });
  let hook: Lane['hook'] = null;
  if (hasHook) {
    const { status, headers, body } = await send('POST', '/webhooks', {
      url: `${hooks.receiver.url}/${userId}`,
    });
    if (status !== 201) throw new Error(`The webhook was answered with ${status}: ${JSON.stringify(body)}`);
    const received = hooks.hookOf(userId);
    received.verifier = new Webhook(body.secret);
    hook = { id: body.id, received, since: Number(headers['tasklane-seq']?.split('-')[0]) };
  }
  const observed = { userId, token, balancer, fail };
  const firstToken = await token();
  const follower = follow({ ...observed, random: newRandom() });
  const copier = keepCopy({ ...observed, random: newRandom() }, firstToken, isOver);
  const workers = Array.from({ length: workersOfUser }, () =>
    startWorker({
      userId,
      client,
      token,
      random: newRandom(),
      tags,
      pauseMs,
      fail,
      acknowledged,
      isOver,
    }),
  );
  return {
    workers,
    done: Promise.all([...workers.map(({ done }) => done), copier.done]),
    lane: () => ({
      userId,
      token: firstToken,
      entities: workers.flatMap(({ entities }) => entities),
      hook,
      follower,
      copier,
      get: (path) => send('GET', path),
      post: (path) => send('POST', path),
      base: () => balancer.pick(random)?.url as string,
    }),
  };
}
