/**
 * `npm run soak [-- --minutes 30] [-- --seed 1] [-- --out .soak] [-- --write]`: mixed load on two instances with random faults,
 * and a check of everything afterwards. docs/soak.md describes it. Ends with status 1 if a check failed.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { machine } from '../../scripts/bench/figures';
import { type Issuer, startIssuer } from '../../scripts/bench/issuer';
import { secret } from '../../scripts/bench/workload';
import { isUnavailable } from '../../src/platform/database/errors';
import { projectPath } from '../../src/platform/paths';
import { createCleanUp, startOwnPostgres } from '../faults/support';
import { query } from '../support/database';
import { openProxy } from '../support/proxy';
import { randomFrom } from '../support/random';
import { freePort, hasRedis, startRedis } from '../support/redis';
import { until } from '../support/until';
import { type Answer, createClient, type SoakClient } from './client';
import { type Broken, breakThings, databaseFaults, otherFaults, type PastFault } from './faults';
import { countTraffic, type Failure, type Series, type SoakFigures } from './figures';
import { growthOf, isGrowing, type Sample } from './flat';
import { beHeavy, beHostile } from './hostile';
import { follow, type HookReceiver, keepCopy, receiveHooks } from './observers';
import { soakPlot } from './plot';
import { type Balancer, type Instance, startBalancer, startGuard, startSoakInstance } from './processes';
import { soakReport } from './report';
import { type Lane, verifyLane } from './verify';
import { startWorker, type Worker } from './worker';

const userCount = 6;
const hookCount = 3;
const workersOfUser = 3;
const pauseMs = 120;
const tags = ['home', 'work', 'garden', 'travel', 'someday'];
const tokenMs = 60_000;
/** Faults end before the load does, so that their recovery is seen. */
const calmMs = 8_000;
const samplesOfRun = 90;
/** The part of the run that does not count for growth: caches fill, and code is optimized. */
const warmUpShare = 0.25;
/** The run is ended if it takes this much longer than it should. */
const patienceMs = 6 * 60_000;
const keptFailures = 50;
const linesOfFailure = 40;

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

const failures: Failure[] = [];
const past: PastFault[] = [];
let balancer: Balancer | undefined;
/** Also of instances that have ended. */
const instances: Instance[] = [];

/** Records a failure with the log of that moment. */
function fail(reason: string): void {
  const at = now();
  failures.push({ at, reason });
  if (failures.length > keptFailures) return;
  const active = past.filter(({ begin, end }) => begin <= at && end >= at - 10_000).map(({ name }) => name);
  say(`FAILED (seed ${seed}): ${reason}`);
  // The lines of the log arrive a moment later.
  setTimeout(() => {
    const logs = instances
      .filter((each) => each.lines.length > 0)
      .slice(-3)
      .map(({ name, lines }) => `--- ${name}\n${lines.slice(-linesOfFailure).join('\n')}`);
    const head = `=== ${(at / 1000).toFixed(1)} s, seed ${seed}: ${reason}\nFaults in the last 10 s: ${active.join(', ') || 'none'}`;
    appendFileSync(join(out, 'failures.log'), `${head}\n${logs.join('\n')}\n\n`);
  }, 500);
}

// The errors of src/platform/database/ that derive from Unavailable. A line of the log has only their name.
const unavailable = new Set([
  'Unavailable',
  'LocksUnavailable',
  'PoolBusy',
  'StaleConnection',
  'TransactionTimeout',
]);

/** The heavy user erases its lane, also while it exports it. The export then breaks off (docs/decisions/0004). */
const erased = 'The lane was erased during its export.';

/** Fails for errors in the log that are not those of an unavailable database. */
function checkLine(name: string, line: string): void {
  if (/Warning: |Unhandled|FATAL ERROR/.test(line) && !line.startsWith('{')) {
    fail(`${name} wrote: ${line}`);
  }
  if (!/"level":[56]0/.test(line)) return;
  const { err, msg, ...rest } = JSON.parse(line);
  if (
    err === undefined
      ? rest.status === 503
      : unavailable.has(err.type) || isUnavailable(err) || err.message === erased
  )
    return;
  fail(`${name} logged "${msg}": ${JSON.stringify(err ?? rest).slice(0, 1_500)}`);
}

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

/** Signs a new token now and then; some are verified with the shared secret, and the others with the key set. */
function createTokens({ sign }: Issuer, userId: string, random: () => number): () => Promise<string> {
  let token: Promise<string> | undefined;
  let until = 0;
  return () => {
    if (!token || now() > until) {
      token = sign(random() < 0.3 ? 'HS256' : 'EdDSA', userId);
      until = now() + tokenMs * (0.5 + random());
    }
    return token;
  };
}

interface User extends Lane {
  readonly workers: readonly Worker[];
}

/** Values that must not grow, with the growth that is allowed. A short run is still warming up, so it may grow by more. */
const measures = [
  { name: 'heap', unit: 'MiB', allowed: { short: 30, long: 12 } },
  { name: 'external', unit: 'MiB', allowed: { short: 20, long: 12 } },
  { name: 'resident', unit: 'MiB', allowed: { short: 100, long: 60 } },
  { name: 'handles', unit: '', allowed: { short: 60, long: 40 } },
  { name: 'connections', unit: '', allowed: { short: 15, long: 10 } },
] as const;

async function main(signal: AbortSignal): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  say(`Seed ${seed}, ${minutes} minutes.`);
  const cleanUp = createCleanUp();
  const guard = startGuard();
  const stalls = watchStalls();
  try {
    const seeds = randomFrom(seed);
    const newRandom = () => randomFrom(Math.floor(seeds() * 2 ** 31));

    const postgres = await startOwnPostgres({ max_connections: '60' });
    guard.data(postgres.dataDir);
    cleanUp.add(() => postgres.stop());
    const redisPort = await freePort();
    const startGuardedRedis = async () => {
      const started = await startRedis(redisPort);
      guard.started(started.pid);
      return started;
    };
    const redis = hasRedis() ? { current: await startGuardedRedis(), start: startGuardedRedis } : null;
    if (redis) cleanUp.add(() => redis.current.stop());
    else say('redis-server is not installed: its faults do nothing.');
    const issuer = await startIssuer();
    cleanUp.add(() => issuer.close());
    const hooks = await receiveHooks(fail);
    cleanUp.add(() => hooks.receiver.close());
    const proxies = [await openProxy(postgres.url), await openProxy(postgres.url)] as const;
    for (const each of proxies) cleanUp.add(() => each.close());

    const configuration = {
      BETTER_AUTH_URL: issuer.url,
      BETTER_AUTH_SECRET: secret,
      AUTH_SOURCES: 'secret,key-set',
      ...(redis && { REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
      RATE_LIMIT_READS: '4000',
      RATE_LIMIT_WRITES: '2000',
      RATE_LIMIT_ADDRESS: '100000',
      TRUST_PROXY: '1',
      DATABASE_ACQUIRE_TIMEOUT_MS: '2000',
      DATABASE_STATEMENT_TIMEOUT_MS: '2000',
      SHUTDOWN_DELAY_MS: '1000',
      IMPORT_WAIT_MS: '3000',
      WEBHOOK_ALLOWED_HOSTS: hooks.receiver.host,
      WEBHOOK_TIMEOUT_MS: '2000',
      WEBHOOK_HOST_RATE: '1000',
    };
    let startedInstances = 0;
    const startInstance = async (proxy: { url: string }) => {
      startedInstances += 1;
      const name = `instance ${startedInstances}`;
      const instance = await startSoakInstance({
        name,
        configuration: { ...configuration, DATABASE_URL: proxy.url },
        guard,
        onLine: (line) => checkLine(name, line),
        onEnd: (ended, how) => {
          balancer?.remove(ended);
          fail(how);
        },
      });
      instances.push(instance);
      cleanUp.add(async () => {
        instance.isEnding = true;
        instance.child.kill('SIGKILL');
        await instance.ended;
      });
      return instance;
    };
    const steady = await startInstance(proxies[0]);
    const victim = { current: await startInstance(proxies[1]), start: () => startInstance(proxies[1]) };
    balancer = startBalancer();
    const { close } = balancer;
    cleanUp.add(close);
    balancer.add(steady);
    balancer.add(victim.current);
    await until(() => balancer?.isReady(steady) && balancer.isReady(victim.current), 60_000);
    say('Postgres, Redis and two instances run.');

    const traffic = countTraffic(now, durationMs / 180);
    const client = createClient(balancer, traffic.record, fail, stalls.stallMs);
    cleanUp.add(async () => client.close());

    let isLoadOver = false;
    let onWrite = Promise.withResolvers<void>();
    let writes = 0;
    let repeated = 0;
    const acknowledged = (wasRepeated: boolean) => {
      writes += 1;
      if (wasRepeated) repeated += 1;
      onWrite.resolve();
      onWrite = Promise.withResolvers();
    };
    const isOver = () => isLoadOver || signal.aborted;
    const started = now();
    const deadline = started + durationMs;

    const users: User[] = [];
    for (let n = 0; n < userCount; n++) {
      users.push(
        await startUser(`user-${n}`, {
          issuer,
          client,
          hooks,
          balancer,
          newRandom,
          acknowledged,
          isOver,
          hasHook: n < hookCount,
        }),
      );
    }
    const harm = ['heavy', 'hostile'].map((userId) => {
      const random = newRandom();
      const harmful = {
        userId,
        client,
        balancer: balancer as Balancer,
        token: createTokens(issuer, userId, random),
        random,
        isOver,
      };
      return userId === 'heavy' ? beHeavy(harmful) : beHostile(harmful);
    });

    const samples = new Map<string, Sample[]>(measures.map(({ name }) => [name, []]));
    const sampling = takeSamples(samples, steady, postgres.url, isOver);

    const broken: Broken = {
      postgres,
      proxies,
      redis,
      issuer,
      hooks,
      balancer,
      victim,
      userIds: users.map(({ userId }) => userId),
      fail,
    };
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const isCalm = () => now() > deadline - calmMs || signal.aborted;
    const schedule = {
      broken,
      past,
      now,
      isOver: isCalm,
      nextWrite: () => Promise.race([onWrite.promise, aborted]),
    };
    const long = Math.min(1, durationMs / 600_000);
    const breaking = [databaseFaults, otherFaults].map((faults) =>
      breakThings({
        ...schedule,
        faults,
        random: newRandom(),
        holdMs: [500, 2_500 + 3_500 * long],
        pauseMs: [2_000, 6_000 + 6_000 * long],
      }),
    );
    const telling = (async () => {
      while (!isOver()) {
        await sleep(Math.min(30_000, durationMs / 6), undefined, { ref: false });
        if (isOver()) return;
        say(`${writes} writes acknowledged, ${repeated} after a repetition; ${past.length} faults.`);
      }
    })();
    void telling;

    await Promise.all(breaking);
    if (signal.aborted) return;
    while (now() < deadline && !signal.aborted) await sleep(50);
    isLoadOver = true;
    await Promise.all([
      ...users.flatMap(({ workers, copier }) => [...workers.map(({ done }) => done), copier.done]),
      ...harm,
      sampling,
    ]);
    if (signal.aborted) return;
    say(
      `The load is over: ${writes} writes acknowledged, ${repeated} after a repetition; ${past.length} faults.`,
    );
    for (const each of client.slowest()) say(`Slow: ${each}`);

    const verified = await Promise.all(
      users.map((each) =>
        verifyLane({ ...each, entities: each.workers.flatMap(({ entities }) => entities) }, fail),
      ),
    );
    say('Lanes, histories, copies, event streams and webhooks are compared.');
    const series = findGrowth(samples, started);
    for (const each of series) {
      if (each.isGrowing) {
        const { first, last, growth } = each.growth as NonNullable<Series['growth']>;
        fail(
          `${each.name} grows from ${first.toFixed(1)} to ${last.toFixed(1)} ${each.unit} (${growth.toFixed(1)}).`,
        );
      }
    }
    client.close();
    await Promise.all([steady, victim.current].map(checkUnused));
    for (const each of [steady, victim.current]) {
      each.isEnding = true;
      each.child.kill('SIGTERM');
      const { code, signal: by } = await each.ended;
      if (code !== 0) fail(`${each.name} ended with ${by ?? code} after SIGTERM.`);
    }
    const sum = (count: (each: (typeof verified)[number]) => number) =>
      verified.reduce((total, each) => total + count(each), 0);
    await writeReport({
      seed,
      minutes,
      machine,
      date: new Date().toISOString().slice(0, 10),
      spans: traffic.spans,
      faults: past,
      series,
      failures,
      verified: new Map([
        ['acknowledged writes', writes],
        ['of them after a repetition', repeated],
        ['tasks and projects with their histories', sum((each) => each.entities)],
        ['changes in the history, the event stream and the copy', sum((each) => each.changes)],
        ['changes that webhooks got', sum((each) => each.messages)],
        ['of them more than once', sum((each) => each.repeatedMessages)],
      ]),
    });
  } finally {
    stalls.close();
    await cleanUp.run();
    await guard.close();
  }
}

interface UserOptions {
  readonly issuer: Issuer;
  readonly client: SoakClient;
  readonly hooks: HookReceiver;
  readonly balancer: Balancer;
  readonly newRandom: () => () => number;
  readonly acknowledged: (repeated: boolean) => void;
  readonly isOver: () => boolean;
  readonly hasHook: boolean;
}

/** Starts the clients of a user. */
async function startUser(userId: string, options: UserOptions): Promise<User> {
  const { issuer, client, hooks, balancer, newRandom, acknowledged, isOver, hasHook } = options;
  const random = newRandom();
  const token = createTokens(issuer, userId, random);
  const send = async (method: string, path: string, body?: object, headers = {}): Promise<Answer> =>
    client.send({
      userId,
      token: await token(),
      method,
      path: `/api/${userId}${path}`,
      body,
      headers,
      random,
    });
  let hook: Lane['hook'] = null;
  if (hasHook) {
    const url = `${hooks.receiver.url}/${userId}`;
    const { status, headers, body } = await send(
      'POST',
      '/webhooks',
      { url },
      { 'Idempotency-Key': randomUUID() },
    );
    if (status !== 201) throw new Error(`The webhook was answered with ${status}: ${JSON.stringify(body)}`);
    const received = hooks.hookOf(userId);
    received.verifier = new Webhook(body.secret);
    hook = { id: body.id, received, since: Number(headers['tasklane-seq']?.split('-')[0]) };
  }
  const observed = { userId, token, balancer, fail };
  return {
    userId,
    token: await token(),
    entities: [],
    hook,
    follower: follow({ ...observed, random: newRandom() }),
    copier: keepCopy({ ...observed, random: newRandom() }, await token(), isOver),
    get: (path) => send('GET', path),
    post: (path) => send('POST', path, undefined, { 'Idempotency-Key': randomUUID() }),
    base: () => balancer.pick(random)?.url as string,
    workers: Array.from({ length: workersOfUser }, () =>
      startWorker({ userId, client, token, random: newRandom(), tags, pauseMs, fail, acknowledged, isOver }),
    ),
  };
}

/** Measures the instance that is never restarted, until the load is over. */
async function takeSamples(
  samples: ReadonlyMap<string, Sample[]>,
  instance: Instance,
  databaseUrl: string,
  isOver: () => boolean,
): Promise<void> {
  const mebibytes = (bytes: number | undefined) => bytes && bytes / 2 ** 20;
  while (!isOver()) {
    const at = now();
    const memory = await instance.memory();
    const values: Record<string, number | undefined> = {
      heap: mebibytes(memory?.heap),
      external: mebibytes(memory?.external),
      resident: mebibytes(memory?.rss),
      handles: instance.handles(),
      connections: await countConnections(databaseUrl),
    };
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined) samples.get(name)?.push({ at, value });
    }
    while (!isOver() && now() < at + durationMs / samplesOfRun) await sleep(50);
  }
}

/** The connections of all instances; undefined while the database is not available. */
async function countConnections(databaseUrl: string): Promise<number | undefined> {
  const url = new URL(databaseUrl);
  url.searchParams.set('connect_timeout', '2');
  const counted = query<{ count: number }>(
    url.href,
    `select count(*)::int as count from pg_stat_activity where application_name = 'tasklane'`,
  ).then(
    ([row]) => row?.count,
    () => undefined,
  );
  return Promise.race([counted, sleep(2_000, undefined, { ref: false })]);
}

function findGrowth(samples: ReadonlyMap<string, Sample[]>, started: number): Series[] {
  return measures.map(({ name, unit, allowed: { short, long } }) => {
    const allowed = minutes < 10 ? short : long;
    const all = samples.get(name) ?? [];
    const counting = all.filter(({ at }) => at > started + durationMs * warmUpShare);
    const growth = growthOf(counting);
    return {
      name,
      unit,
      samples: all,
      growth,
      allowed,
      isGrowing: growth !== null && isGrowing(growth, { growth: allowed }),
    };
  });
}

const gauges = ['http_requests_in_flight', 'event_streams', 'db_pool_used_connections', 'db_pool_waiting'];

/** After the load, an instance has no request, stream or connection in use. */
async function checkUnused({ name, metricsUrl }: Instance): Promise<void> {
  let used: string[] = [];
  const isUnused = async () => {
    const lines = (await (await fetch(metricsUrl)).text()).split('\n');
    used = gauges.flatMap((gauge) =>
      lines.filter((line) => new RegExp(`^tasklane_${gauge} (?!0$)`).test(line)),
    );
    return used.length === 0;
  };
  await until(isUnused, 30_000).catch(() => fail(`${name} does not release everything: ${used.join(', ')}`));
}

async function writeReport(figures: SoakFigures): Promise<void> {
  const directories = [out, ...(values.write ? [projectPath('docs')] : [])];
  for (const each of directories) {
    writeFileSync(join(each, 'soak.md'), soakReport(figures));
    writeFileSync(join(each, 'soak.svg'), soakPlot(figures));
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
    if (failures.length > 0) {
      say(
        `${failures.length} checks failed. Repeat with --seed ${seed}. The log is ${join(values.out, 'failures.log')}.`,
      );
      process.exitCode = 1;
    }
    // The failures are written a moment later.
    setTimeout(() => process.exit(), 1_000);
  });
