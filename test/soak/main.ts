/**
 * `npm run soak [-- --minutes 30] [-- --seed 1] [-- --out .soak] [-- --write]`: mixed load on two instances with random faults,
 * and a check of everything afterwards. docs/soak.md describes it. Ends with status 1 if a check failed.
 */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machine } from '../../scripts/bench/figures';
import { projectPath } from '../../src/platform/paths';
import { randomFrom } from '../support/random';
import { createClient } from './client';
import { collectFailures } from './failures';
import { breakThings, databaseFaults, otherFaults, type PastFault } from './faults';
import { countTraffic, type SoakFigures } from './figures';
import { beHeavy, beHostile } from './hostile';
import { soakPlot } from './plot';
import { type Guard, type Instance, startGuard } from './processes';
import { soakReport } from './report';
import { checkUnused, startSampling } from './samples';
import { type Setting, startSetting } from './setting';
import { createTokens, startUser, type User } from './users';
import { verifyLane } from './verify';

const userCount = 6;
const hookCount = 3;
/** Faults end before the load does, so that their recovery is seen. */
const calmMs = 8_000;
const spansOfRun = 180;
/** The run is ended if it takes this much longer than it should. */
const patienceMs = 6 * 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    out: { type: 'string', default: '.soak' },
    write: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('--minutes and --seed must be numbers.');
const durationMs = minutes * 60_000;
const out = projectPath(values.out);

const began = performance.now();
const now = () => performance.now() - began;
const say = (line: string) =>
  void process.stdout.write(`${(now() / 1000).toFixed(1).padStart(7)} s  ${line}\n`);

const past: PastFault[] = [];
const instances: Instance[] = [];
const failures = collectFailures({ directory: out, seed, now, past, instances, say });
const { fail } = failures;

/** How late the timers of this process were at most in the last seconds, in milliseconds. */
function watchStalls(): { stallMs: () => number; close: () => void } {
  const everyMs = 100;
  const kept = 200;
  const stalls: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    stalls.push(Math.max(0, performance.now() - last - everyMs));
    last = performance.now();
    if (stalls.length > kept) stalls.shift();
  }, everyMs);
  return { stallMs: () => Math.max(0, ...stalls), close: () => clearInterval(timer) };
}

/** Counts the acknowledged writes. */
function countWrites() {
  let next = Promise.withResolvers<void>();
  const counts = { writes: 0, repeated: 0 };
  return {
    counts,
    acknowledged(wasRepeated: boolean) {
      counts.writes += 1;
      if (wasRepeated) counts.repeated += 1;
      next.resolve();
      next = Promise.withResolvers();
    },
    /** Resolves with the next one. */
    next: () => next.promise,
  };
}

async function main(signal: AbortSignal): Promise<void> {
  say(`Seed ${seed}, ${minutes} minutes.`);
  const guard = startGuard();
  try {
    await withSetting(guard, (setting) => run(setting, signal));
  } finally {
    await guard.close();
  }
}

async function withSetting(guard: Guard, work: (setting: Setting) => Promise<void>): Promise<void> {
  const setting = await startSetting(guard, failures, instances);
  try {
    await work(setting);
  } finally {
    await setting.stop();
  }
}

async function run(setting: Setting, signal: AbortSignal): Promise<void> {
  const { postgres, issuer, hooks, balancer, steady, victim } = setting;
  say(`Two instances run${setting.redis ? '' : ', without Redis, which is not installed'}.`);
  const seeds = randomFrom(seed);
  const newRandom = () => randomFrom(Math.floor(seeds() * 2 ** 31));
  const stalls = watchStalls();
  const traffic = countTraffic(now, durationMs / spansOfRun);
  const client = createClient(balancer, traffic.record, fail, stalls.stallMs);
  const writes = countWrites();
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const deadline = now() + durationMs;
  let isLoadOver = false;
  const isOver = () => isLoadOver || signal.aborted;
  const isCalm = () => now() > deadline - calmMs || signal.aborted;
  const progress = () =>
    `${writes.counts.writes} writes acknowledged, ${writes.counts.repeated} after a repetition; ${past.length} faults.`;
  const telling = setInterval(() => say(progress()), Math.min(30_000, durationMs / 6));
  try {
    const { acknowledged } = writes;
    const options = { issuer, client, hooks, balancer, newRandom, fail, acknowledged, isOver };
    const users: User[] = [];
    for (let n = 0; n < userCount; n++) {
      users.push(await startUser(`user-${n}`, { ...options, hasHook: n < hookCount }));
    }
    const harm = Object.entries({ heavy: beHeavy, hostile: beHostile }).map(([userId, be]) => {
      const random = newRandom();
      return be({ userId, client, balancer, token: createTokens(issuer, userId, random), random, isOver });
    });
    const sampling = startSampling({ instance: steady, databaseUrl: postgres.url, durationMs, now, isOver });

    const broken = { ...setting, userIds: users.map((each) => each.lane().userId), fail };
    // A long run has longer faults and longer pauses.
    const long = Math.min(1, minutes / 10);
    await Promise.all(
      [databaseFaults, otherFaults].map((faults) =>
        breakThings({
          broken,
          past,
          now,
          isOver: isCalm,
          nextWrite: () => Promise.race([writes.next(), aborted]),
          faults,
          random: newRandom(),
          holdMs: [500, 2_500 + 3_500 * long],
          pauseMs: [2_000, 6_000 + 6_000 * long],
        }),
      ),
    );
    while (now() < deadline && !signal.aborted) await sleep(50);
    isLoadOver = true;
    await Promise.all([...users.map(({ done }) => done), ...harm, sampling.done]);
    clearInterval(telling);
    if (signal.aborted) return;
    say(`The load is over: ${progress()}`);
    for (const each of client.slowest()) say(`Slow: ${each}`);

    const verified = await Promise.all(users.map((each) => verifyLane(each.lane(), fail)));
    say('Lanes, histories, copies, event streams and webhooks are compared.');
    const series = sampling.series();
    for (const { name, unit, growth } of series.filter((each) => each.isGrowing)) {
      fail(`${name} grows from ${growth?.first} to ${growth?.last} ${unit} (${growth?.growth}).`);
    }
    client.close();
    await Promise.all([steady, victim.current].map((each) => checkUnused(each, fail)));
    for (const each of [steady, victim.current]) await stopInstance(each);
    const sum = (count: (each: (typeof verified)[number]) => number) =>
      verified.reduce((total, each) => total + count(each), 0);
    writeReport({
      seed,
      minutes,
      machine,
      load: loadavg()[2] as number,
      date: new Date().toISOString().slice(0, 10),
      spans: traffic.spans,
      faults: past,
      series,
      failures: failures.all,
      verified: new Map([
        ['acknowledged writes', writes.counts.writes],
        ['of them after a repetition', writes.counts.repeated],
        ['tasks and projects with their histories', sum((each) => each.entities)],
        ['changes in the history, the event stream and the copy', sum((each) => each.changes)],
        ['changes that webhooks got', sum((each) => each.messages)],
        ['of them more than once', sum((each) => each.repeatedMessages)],
      ]),
    });
  } finally {
    isLoadOver = true;
    clearInterval(telling);
    stalls.close();
    client.close();
  }
}

async function stopInstance(instance: Instance): Promise<void> {
  instance.isEnding = true;
  instance.child.kill('SIGTERM');
  const { code, signal } = await instance.ended;
  if (code !== 0) fail(`${instance.name} ended with ${signal ?? code} after SIGTERM.`);
}

function writeReport(figures: SoakFigures): void {
  for (const directory of [out, ...(values.write ? [projectPath('docs')] : [])]) {
    writeFileSync(join(directory, 'soak.md'), soakReport(figures));
    writeFileSync(join(directory, 'soak.svg'), soakPlot(figures));
  }
  say(`The report is ${join(values.out, 'soak.md')}.`);
}

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // After a second signal, the guard ends all other processes.
    if (ending.signal.aborted) process.exit(1);
    say(`Stopped by ${name}.`);
    process.exitCode = 1;
    ending.abort();
  });
}
process.on('uncaughtException', (error) => {
  fail(`The soak test itself failed: ${error.stack}`);
  ending.abort();
});
const tooLong = setTimeout(() => {
  fail('The run did not end in time.');
  ending.abort();
  // If nothing reacts, the guard ends all other processes.
  setTimeout(() => process.exit(1), 60_000).unref();
}, durationMs + patienceMs);

main(ending.signal)
  .catch((error) => fail(String(error?.stack ?? error)))
  .finally(() => {
    clearTimeout(tooLong);
    if (failures.all.length > 0) {
      say(
        `${failures.all.length} checks failed. Repeat with --seed ${seed}. The log is ${join(values.out, 'failures.log')}.`,
      );
      process.exitCode = 1;
    }
    // The log of the last failure is written a moment later.
    setTimeout(() => process.exit(), 1_000);
  });
