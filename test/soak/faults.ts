/** The faults of the soak test, and the order in which a seed selects them. Their mechanisms are those of `npm run test:faults`. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  hangPostgres,
  killPostmaster,
  makeReadOnly,
  type Repair,
  takeConnections,
  terminateBackends,
} from '../faults/database-faults';
import { type HeldLane, holdLane } from '../support/held-lane';
import { until } from '../support/until';
import type { Fail } from './client';
import type { Setting } from './setting';

export interface Broken extends Omit<Setting, 'steady' | 'stop'> {
  readonly userIds: readonly string[];
  readonly fail: Fail;
}

/** Begins a fault and returns its repair. */
export type Fault = (broken: Broken, random: () => number) => Promise<Repair>;

const nothing: Repair = async () => undefined;

/** The faults of the database and of the way to it. Only one of them is active at a time. */
export const databaseFaults: Readonly<Record<string, Fault>> = {
  'backends terminated': async ({ postgres }) => {
    await terminateBackends(postgres.url);
    return nothing;
  },
  'postmaster killed': ({ postgres }) => killPostmaster(postgres),
  'database hanging': ({ postgres }) => hangPostgres(postgres),
  'database read-only': ({ postgres }) => makeReadOnly(postgres.url),
  'no more connections': ({ postgres }) => takeConnections(postgres.url),
  'packets lost': async ({ proxies }, random) => {
    proxies[Math.floor(random() * proxies.length)]?.silence();
    return nothing;
  },
  'lanes locked, pool full': async ({ postgres, userIds }) => {
    const held = await Promise.all(userIds.map((each) => holdLane(postgres.url, each)));
    return async () => void (await Promise.all(held.map((each: HeldLane) => each.release())));
  },
};

/** Replaces the instance that may end, after its end. */
async function replaceVictim({ victim, balancer }: Broken): Promise<void> {
  victim.current = await victim.start();
  balancer.add(victim.current);
}

/** The other faults. One of them can be active together with a fault of the database. */
export const otherFaults: Readonly<Record<string, Fault>> = {
  'instance killed': async (broken) => {
    const old = broken.victim.current;
    old.isEnding = true;
    old.child.kill('SIGKILL');
    await old.ended;
    broken.balancer.remove(old);
    return () => replaceVictim(broken);
  },
  'instance replaced': async (broken) => {
    const old = broken.victim.current;
    await replaceVictim(broken);
    const { current } = broken.victim;
    // The database may be unavailable for a while, and the new instance is not ready then.
    await until(() => broken.balancer.isReady(current), 60_000);
    old.isEnding = true;
    old.child.kill('SIGTERM');
    const { code, signal } = await old.ended;
    broken.balancer.remove(old);
    if (code !== 0) broken.fail(`${old.name} ended with ${signal ?? code} after SIGTERM.`);
    return nothing;
  },
  'Redis hanging': async ({ redis }) => {
    redis?.current.hang();
    return async () => redis?.current.resume();
  },
  'Redis stopped': async ({ redis }) => {
    await redis?.current.stop();
    return async () => {
      if (redis) redis.current = await redis.start();
    };
  },
  'key set failing': async ({ issuer }) => {
    issuer.become('failing');
    return async () => issuer.become('up');
  },
  'key set hanging': async ({ issuer }) => {
    issuer.become('hanging');
    return async () => issuer.become('up');
  },
  'receiver failing': async ({ hooks }) => {
    hooks.become('failing');
    return async () => hooks.become('up');
  },
  'receiver hanging': async ({ hooks }) => {
    hooks.become('hanging');
    return async () => hooks.become('up');
  },
  'receiver breaking connections': async ({ hooks }) => {
    hooks.become('breaking');
    return async () => hooks.become('up');
  },
  'log not read': async ({ balancer }) => {
    const streams = balancer.all().map(({ child }) => child.stdout);
    for (const each of streams) each?.pause();
    return async () => {
      for (const each of streams) each?.resume();
    };
  },
};

/** One fault that was carried out. Times are milliseconds since the start of the run. */
export interface PastFault {
  readonly name: string;
  readonly begin: number;
  end: number;
  /** Milliseconds from the repair to the next acknowledged write; undefined if it was not seen. */
  recovery?: number;
}

export interface Schedule {
  readonly faults: Readonly<Record<string, Fault>>;
  readonly random: () => number;
  readonly broken: Broken;
  /** All faults so far, of both schedules. */
  readonly past: PastFault[];
  readonly now: () => number;
  readonly isOver: () => boolean;
  readonly holdMs: readonly [least: number, most: number];
  readonly pauseMs: readonly [least: number, most: number];
  /** Resolves with the next acknowledged write. */
  readonly nextWrite: () => Promise<void>;
}

/** Writes must succeed again within this time after a repair. An instance that starts needs most of it on a busy machine. */
const recoveryBoundMs = 45_000;

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** Carries out faults one after the other, each as often as the others, in random order, until the run is over. */
export async function breakThings(schedule: Schedule): Promise<void> {
  const { faults, random, broken, past, now, isOver, holdMs, pauseMs, nextWrite } = schedule;
  const between = ([least, most]: readonly [number, number]) => least + random() * (most - least);
  const wait = async (ms: number) => {
    const end = now() + ms;
    while (now() < end && !isOver()) await sleep(50);
  };
  while (!isOver()) {
    for (const [name, fault] of shuffled(Object.entries(faults), random)) {
      await wait(between(pauseMs));
      if (isOver()) break;
      const one: PastFault = { name, begin: now(), end: Number.POSITIVE_INFINITY };
      past.push(one);
      const repair = await fault(broken, random);
      await wait(between(holdMs));
      await repair();
      one.end = now();
      const late = sleep(recoveryBoundMs, 'late' as const, { ref: false });
      if ((await Promise.race([nextWrite(), late])) === 'late') {
        broken.fail(`No write was acknowledged within ${recoveryBoundMs} ms after the fault "${name}".`);
      } else one.recovery = now() - one.end;
    }
  }
}
