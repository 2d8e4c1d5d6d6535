/** Everything that the soak test runs against: Postgres, Redis, an issuer of tokens, a receiver of webhooks, and two instances. */
import { type Issuer, startIssuer } from '../../scripts/bench/issuer';
import { secret } from '../../scripts/bench/workload';
import { freePort } from '../../src/platform/database/embedded/server';
import { createCleanUp, type OwnPostgres, startOwnPostgres } from '../faults/support';
import { type NetworkProxy, openProxy } from '../support/proxy';
import { hasRedis, startRedis, type TestRedis } from '../support/redis';
import { until } from '../support/until';
import type { Failures } from './failures';
import { type HookReceiver, receiveHooks } from './observers';
import { type Balancer, type Guard, type Instance, startBalancer, startSoakInstance } from './processes';

export interface Setting {
  readonly postgres: OwnPostgres;
  /** Between the instances and Postgres: one for the steady instance, and one for the victims. */
  readonly proxies: readonly NetworkProxy[];
  /** Null if Redis is not installed. */
  readonly redis: { current: TestRedis; start(): Promise<TestRedis> } | null;
  readonly issuer: Issuer;
  readonly hooks: HookReceiver;
  readonly balancer: Balancer;
  /** The instance that runs from the beginning to the end. */
  readonly steady: Instance;
  /** The instance that faults end and replace. */
  readonly victim: { current: Instance; start(): Promise<Instance> };
  stop(): Promise<void>;
}

// The users stay below these limits, and the heavy user does not.
const limits = { RATE_LIMIT_READS: '4000', RATE_LIMIT_WRITES: '2000', RATE_LIMIT_ADDRESS: '100000' };
const timeouts = {
  DATABASE_ACQUIRE_TIMEOUT_MS: '2000',
  DATABASE_STATEMENT_TIMEOUT_MS: '2000',
  IMPORT_WAIT_MS: '3000',
  WEBHOOK_TIMEOUT_MS: '2000',
};

/** Starts everything. `instances` gets each instance that is ever started. */
export async function startSetting(
  guard: Guard,
  { fail, checkLine }: Failures,
  instances: Instance[],
): Promise<Setting> {
  const cleanUp = createCleanUp();
  const stopped = <T extends { stop(): Promise<unknown> }>(each: T): T => {
    cleanUp.add(() => each.stop());
    return each;
  };
  const closed = <T extends { close(): Promise<unknown> }>(each: T): T => {
    cleanUp.add(() => each.close());
    return each;
  };
  try {
    const postgres = stopped(await startOwnPostgres({ max_connections: '60' }));
    guard.data(postgres.dataDir);
    const redisPort = await freePort();
    const startGuarded = async () => {
      const started = await startRedis(redisPort);
      guard.started(started.pid);
      return started;
    };
    const redis = hasRedis() ? { current: await startGuarded(), start: startGuarded } : null;
    cleanUp.add(async () => redis?.current.stop());
    const issuer = closed(await startIssuer());
    const hooks = await receiveHooks(fail);
    closed(hooks.receiver);
    const proxies = [closed(await openProxy(postgres.url)), closed(await openProxy(postgres.url))] as const;
    const balancer = startBalancer();

    const configuration = {
      BETTER_AUTH_URL: issuer.url,
      BETTER_AUTH_SECRET: secret,
      AUTH_SOURCES: 'secret,key-set',
      ...(redis && { REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
      ...limits,
      ...timeouts,
      TRUST_PROXY: '1',
      SHUTDOWN_DELAY_MS: '1000',
      WEBHOOK_ALLOWED_HOSTS: hooks.receiver.host,
      WEBHOOK_HOST_RATE: '1000',
    };
    const startInstance = async ({ url }: NetworkProxy) => {
      const name = `instance ${instances.length + 1}`;
      const instance = await startSoakInstance({
        name,
        configuration: { ...configuration, DATABASE_URL: url },
        guard,
        onLine: (line) => checkLine(name, line),
        onEnd: (ended, how) => {
          balancer.remove(ended);
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
    closed(balancer);
    balancer.add(steady);
    balancer.add(victim.current);
    await until(() => balancer.isReady(steady) && balancer.isReady(victim.current), 60_000);
    return { postgres, proxies, redis, issuer, hooks, balancer, steady, victim, stop: cleanUp.run };
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
}
