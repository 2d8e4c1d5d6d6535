/** What users see beside their requests: an event stream, a copy of the lane, and a webhook. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Webhook } from 'standardwebhooks';
import type { Body } from '../support/api';
import { type LaneEvent, readEvents } from '../support/event-reader';
import { copyLane, type LaneCopy } from '../support/lane-copy';
import {
  breakOff,
  hang,
  openReceiver,
  type Receiver,
  type Answer as ReceiverAnswer,
} from '../support/receiver';
import type { Fail } from './client';
import type { Balancer } from './processes';

export interface Observed {
  readonly userId: string;
  readonly token: () => Promise<string>;
  readonly balancer: Balancer;
  readonly random: () => number;
  readonly fail: Fail;
}

export const startOfLane = '0-00000000-0000-0000-0000-000000000000';

/** A change in few words, by which the ways to read changes are compared. */
export const summaryOf = ({ seq, type, entity_id, action, fields }: Body) =>
  `${seq} ${type} ${entity_id} ${action} ${Object.keys(fields).sort().join()}`;

export interface Follower {
  /** The changes that arrived, in order. */
  readonly changes: readonly string[];
  readonly connections: () => number;
  /** Resolves when the stream has brought `seq` changes; rejects after the deadline. */
  reach(seq: number, deadlineMs: number): Promise<void>;
}

/** Follows a lane from its first change, over any number of connections. */
export function follow({ userId, token, balancer, random, fail }: Observed): Follower {
  const changes: string[] = [];
  let lastEventId = startOfLane;
  let connections = 0;
  let last = Number.POSITIVE_INFINITY;
  let isOver = false;

  function take(events: LaneEvent[]): void {
    for (const event of events.splice(0)) {
      if (event.event === 'change') {
        if (event.data.seq !== changes.length + 1) {
          fail(`The event stream of ${userId} sent change ${event.data.seq} after ${changes.length}.`);
        }
        changes.push(summaryOf(event.data));
      } else if (event.event !== 'reconnect') {
        fail(`The event stream of ${userId} sent ${event.event}: ${JSON.stringify(event.data)}`);
      }
    }
  }

  async function connectOnce(): Promise<void> {
    const instance = balancer.pick(random);
    if (!instance) return;
    const reader = await readEvents(`${instance.url}/api/${userId}/events`, {
      token: await token(),
      lastEventId,
    });
    if (reader.status !== 200) {
      if (reader.status !== 503) fail(`The event stream of ${userId} was answered with ${reader.status}.`);
      return;
    }
    connections += 1;
    const ends = Date.now() + 1_000 + random() * 20_000;
    let hasEnded = false;
    void reader.ended.then(() => {
      hasEnded = true;
    });
    while (
      !hasEnded &&
      !isOver &&
      changes.length < last &&
      (Date.now() < ends || last < Number.POSITIVE_INFINITY)
    ) {
      take(reader.events);
      await sleep(20);
    }
    reader.close();
    await reader.ended;
    take(reader.events);
    lastEventId = reader.lastId() ?? lastEventId;
  }

  const following = (async () => {
    while (!isOver && changes.length < last) {
      await connectOnce().catch((error) => {
        // A broken connection has a code; a line that does not belong to an event has none.
        if (!error?.code && !/socket hang up|Not met within/.test(String(error?.message))) {
          fail(`The event stream of ${userId}: ${error?.message}`);
        }
      });
      await sleep(50);
    }
  })();
  return {
    changes,
    connections: () => connections,
    async reach(seq, deadlineMs) {
      last = seq;
      const late = sleep(deadlineMs, undefined, { ref: false }).then(() => {
        isOver = true;
      });
      await Promise.race([following, late]);
      await following;
      if (changes.length !== seq) {
        fail(`The event stream of ${userId} has ${changes.length} changes instead of ${seq}.`);
      }
    },
  };
}

export interface Copier {
  readonly copy: LaneCopy;
  readonly done: Promise<void>;
}

/** Keeps a copy of a lane up to date. Pages are sometimes applied twice, as if a response had been lost. */
export function keepCopy(
  { userId, balancer, random, fail }: Omit<Observed, 'token'>,
  token: string,
  isOver: () => boolean,
): Copier {
  const base = () => balancer.pick(random)?.url ?? 'http://127.0.0.1:1';
  const copy = copyLane(base, userId, token);
  const done = (async () => {
    while (!isOver()) {
      const before = copy.token;
      try {
        await copy.pull(1 + Math.floor(random() * 100));
        if (before !== undefined && random() < 0.2) copy.token = before;
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (code === 'ERR_ASSERTION' || /answered (?!503)\d/.test(message)) {
          fail(`The copy of ${userId}: ${message.slice(0, 500)}`);
        }
      }
      copy.pages.length = 0;
      await sleep(100 + random() * 300);
    }
  })();
  return { copy, done };
}

export type ReceiverState = 'up' | 'failing' | 'hanging' | 'breaking';

/** What a receiver got for one webhook. */
export interface Hook {
  /** Each change with the number of its messages. */
  readonly seqs: Map<number, number>;
  /** The latest version of each task, and the task. */
  readonly tasks: Map<string, Body>;
  verifier: Webhook | undefined;
}

export interface HookReceiver {
  readonly receiver: Receiver;
  hookOf(userId: string): Hook;
  become(state: ReceiverState): void;
}

const bad: Readonly<Record<Exclude<ReceiverState, 'up'>, ReceiverAnswer>> = {
  failing: 500,
  hanging: hang,
  breaking: breakOff,
};

/** A receiver for the webhooks of all users; the path is the user. */
export async function receiveHooks(fail: Fail): Promise<HookReceiver> {
  const receiver = await openReceiver();
  const hooks = new Map<string, Hook>();
  let state: ReceiverState = 'up';
  const hookOf = (userId: string) => {
    const hook = hooks.get(userId) ?? { seqs: new Map(), tasks: new Map(), verifier: undefined };
    hooks.set(userId, hook);
    return hook;
  };
  receiver.answer = (response, { path, headers, body }) => {
    receiver.received.length = 0;
    if (state !== 'up') {
      const answer = bad[state];
      return typeof answer === 'number'
        ? void response.writeHead(answer).end()
        : answer(response, { path, headers, body });
    }
    const userId = path.slice(1);
    const hook = hookOf(userId);
    try {
      hook.verifier?.verify(body, headers as Record<string, string>);
    } catch (error) {
      fail(`A message to the webhook of ${userId} has a wrong signature: ${(error as Error).message}`);
    }
    const { type, data } = JSON.parse(body);
    if (type !== 'webhook.test') take(hook, data);
    response.writeHead(204).end();
  };
  return {
    receiver,
    hookOf,
    become(next) {
      state = next;
    },
  };
}

/** Keeps the latest version of a task, as docs/webhooks.md describes. */
function take(hook: Hook, { change, task }: Body): void {
  hook.seqs.set(change.seq, (hook.seqs.get(change.seq) ?? 0) + 1);
  if (task && !(hook.tasks.get(task.id)?.version >= task.version)) hook.tasks.set(task.id, task);
}
