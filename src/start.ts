import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApp } from './app';
import type { BrokerConfig, Config } from './config';
import { createEventHub, type EventHub } from './features/events/hub';
import { queueEvents } from './features/publishing/queue';
import { createEgressPolicy } from './features/webhooks/egress-policy';
import { queueDeliveries } from './features/webhooks/queue';
import { createJobs } from './jobs';
import { listen } from './listen';
import { type Authenticator, createAuthenticator } from './platform/auth/authenticator';
import type { Broker } from './platform/brokers/broker';
import { createBroker } from './platform/brokers/connect';
import { createOverloadAnswer } from './platform/contract/http/overload';
import { createServer } from './platform/contract/http/server';
import { findChangedLanes } from './platform/database/changed-lanes';
import { createDatabase, type Database } from './platform/database/database';
import type { EmbeddedPostgres } from './platform/database/embedded/server';
import { startWatchedPostgres, type WatchedPostgres } from './platform/database/embedded/watch';
import { isUnavailable } from './platform/database/errors';
import { LocksUnavailable } from './platform/database/lock-retries';
import { migrateUp } from './platform/database/migrations';
import { describeUnavailable } from './platform/database/unavailable';
import { createOriginCheck } from './platform/edge/cors';
import { type Counter, memoryCounter } from './platform/edge/counter';
import { watchEventLoop } from './platform/edge/event-loop';
import { createRateLimiter, unlimited } from './platform/edge/rate-limit';
import { redisCounter } from './platform/edge/redis-counter';
import { createShedding, createSheddingLog, type Shedding, shedLoad } from './platform/edge/shedding';
import { createActivity } from './platform/jobs/activity';
import { createJobRunner, type JobRunner } from './platform/jobs/runner';
import { createSchedule } from './platform/jobs/schedule';
import { type Backlog, type BacklogName, createMetrics } from './platform/observability/metrics/metrics';
import { createMetricsServer } from './platform/observability/metrics/server';
import { findWarnings, recordReadiness, untilReady, watchDatabase } from './platform/service/readiness';
import { openWakeUps } from './platform/wake-ups/open';
import { type Peers, type SharedState, shareState } from './platform/workers/peers';

/** A running service. It listens and answers health checks. */
export interface Service {
  /** The address at which it listens, without a slash at the end. */
  readonly url: string;
  /** The address of the metrics, with their path; null without metrics. */
  readonly metricsUrl: string | null;
  /**
   * Resolves with true when the service is ready: the database is available and migrated, and the roles have their grants.
   * Resolves with false if the service is stopped before. Rejects with an error that waiting cannot fix, such as a
   * failed migration.
   */
  readonly ready: Promise<boolean>;
  /** Runs a background job until it has no more to do. Rejects with its error. */
  runJob(name: string): Promise<void>;
  /** Finishes running requests within the configured time, and releases all resources. */
  stop(): Promise<void>;
}

const farewellMs = 100;
const releaseTimeoutMs = 1_000;

/**
 * First, for a short time, responses ask clients to close their kept-alive connections: if the service closes one, a
 * request on its way is lost. Then the service stops listening, waits for running requests, and closes connections
 * that take longer than `timeoutMs`.
 */
async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = once(server, 'close');
  const farewell = Math.min(farewellMs, timeoutMs);
  server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'));
  await sleep(farewell);
  server.close();
  // A kept-alive connection becomes idle only after its response.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const deadline = setTimeout(() => server.closeAllConnections(), timeoutMs - farewell);
  await closed;
  clearInterval(idle);
  clearTimeout(deadline);
}

async function migrate(config: Config, databaseUrl: string, log: Logger): Promise<void> {
  const applied = await migrateUp(config.databaseDirectUrl ?? databaseUrl, {
    appRole: config.databaseAppRole,
    systemRole: config.databaseSystemRole,
    serviceUrl: databaseUrl,
    notice: (text) => log.warn(text),
  });
  if (applied.length > 0) log.info({ applied }, 'migrated');
}

// Loading OpenTelemetry takes a third of a second and 15 MB.
const loadTracing = () =>
  require('./platform/observability/tracing/otel') as typeof import('./platform/observability/tracing/otel');

async function startServing(
  config: Config,
  embedded: WatchedPostgres | null,
  log: Logger,
  worker: WorkerRole | undefined,
): Promise<Service> {
  const databaseUrl = config.databaseUrl ?? (embedded as WatchedPostgres).url;
  const tracing = config.tracing ? loadTracing().createTracing(config.tracing, log) : undefined;
  const activity = createActivity();
  const readiness = recordReadiness(log);
  let started = false;
  let stopping: Promise<void> | undefined;
  const backlogs = new Map<BacklogName, Backlog>();
  const metrics =
    config.metrics.port === null
      ? undefined
      : createMetrics({
          isReady: () => started && !stopping && readiness.isGood(),
          pool: () => database.poolUse(),
          replica: () => database.replica(),
          isShedding: () => shedding?.isShedding() ?? false,
          streams: () => events.count(),
          isRedisUp: () => counter.isShared(),
          keySetAgeMs: () => authenticator.keySet()?.ageMs ?? null,
          jobs: () => jobs.lags(),
          backlog: (name) => backlogs.get(name) ?? null,
        });
  const database: Database = createDatabase(
    {
      url: databaseUrl,
      replicaUrl: config.databaseReplicaUrl,
      onReplicaRead: metrics?.replicaRead,
      appRole: config.databaseAppRole,
      systemRole: config.databaseSystemRole,
      max: config.databasePoolMax,
      maxPerUser: config.databaseConnectionsPerUser,
      connectionLifetimeMs: config.databaseConnectionLifetimeMs,
      acquireTimeoutMs: config.databaseAcquireTimeoutMs,
      statementTimeoutMs: config.databaseStatementTimeoutMs,
      transactionTimeoutMs: config.databaseTransactionTimeoutMs,
      preparedStatements: config.databasePreparedStatements,
      quotas: config.quotas,
      metrics,
      tracing: tracing?.flights,
      onRecorded: (laneId, profile, count) => [
        ...queueDeliveries(laneId, profile, count, tracing?.traceparent()),
        ...(config.broker ? queueEvents(laneId, count) : []),
      ],
      onChanged(userId) {
        shared.changed(userId);
        wakeUps.send(userId);
      },
    },
    log,
  );
  const events: EventHub = createEventHub({
    settings: config.events,
    findMoved: (lanes) => findChangedLanes(database.withSystemForRequests, lanes),
    wakeUps: { isUp: () => wakeUps.isUp(), check: () => wakeUps.check() },
    log,
  });
  const schedule = createSchedule(activity, config.jobsIdleMs);
  const wakeUps = openWakeUps(config, log, {
    query: database.lookUp,
    lastGoodAt: () => database.lastSeen().goodAt,
    listeningFor() {
      if (events.count() > 0) return 'streams';
      return config.jobs.length > 0 && activity.isIdle() ? 'jobs' : null;
    },
    woken(userHash) {
      events.wakeHashed(userHash);
      schedule.wake();
    },
    missed() {
      events.wakeAll();
      schedule.wake();
    },
  });
  const own: SharedState = {
    changed(userId) {
      events.wake(userId);
      schedule.wake();
    },
    noteActivity: activity.note,
  };
  const shared = worker ? shareState(worker.peers, own) : own;
  if (metrics) worker?.peers.offerMetrics(metrics.snapshot);
  for (const notice of config.notices) log.warn(notice);
  const authenticator: Authenticator = createAuthenticator(config.auth, log, { query: database.lookUp });
  await authenticator.warmUp();
  const counter: Counter =
    config.redisUrl === null ? memoryCounter() : await redisCounter(config.redisUrl, log);
  const rateLimiter = config.rateLimits ? createRateLimiter(config.rateLimits, counter, metrics) : unlimited;
  const { withSystem, laneForJob } = database;
  const egress = createEgressPolicy(config.webhooks.allowedHosts);
  const observer = {
    metrics,
    tracing,
    isIdle: activity.isIdle,
    backlogMeasured: (name: BacklogName, measured: Backlog) => void backlogs.set(name, measured),
  };
  let broker: Broker | undefined;
  const connect = () => {
    broker ??= createBroker(config.broker as BrokerConfig, log);
    return broker;
  };
  const jobs: JobRunner = createJobRunner(
    createJobs(config, egress, observer, connect),
    { withSystem, laneForJob, log },
    schedule,
    observer,
  );
  const eventLoop = watchEventLoop(metrics?.loopDelayed);
  const logShedding = createSheddingLog(log);
  const shedding: Shedding | null =
    config.shedding &&
    createShedding(
      config.shedding,
      { eventLoop, expectedPoolWaitMs: () => database.poolUse().expectedWaitMs },
      (reason) => {
        logShedding(reason);
        metrics?.requestShed(reason);
      },
    );
  const release = async () => {
    eventLoop.close();
    authenticator.close();
    wakeUps.close();
    counter.close();
    await Promise.race([broker?.close(), sleep(releaseTimeoutMs, undefined, { ref: false })]);
    // A closed request can use its database connection until its statement ends.
    await Promise.race([database.close(), sleep(releaseTimeoutMs, undefined, { ref: false })]);
    // The last spans must not delay the end.
    await Promise.race([tracing?.close(), sleep(releaseTimeoutMs, undefined, { ref: false })]);
    await embedded?.stop();
  };

  const stopped = new AbortController();
  let migrated = !config.migrateOnStart;
  const findStartProblem = async (): Promise<string | null> => {
    try {
      if (!migrated) await migrate(config, databaseUrl, log);
      migrated = true;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return error instanceof LocksUnavailable ? error.message : describeUnavailable(error);
    }
    return database.problem();
  };

  const findDatabaseProblem = watchDatabase({ ...database, activity, idleMs: config.jobsIdleMs });
  try {
    const state = {
      async reasons() {
        if (stopping) return [{ reason: 'shutting-down' as const, detail: 'The service is shutting down.' }];
        const problem = await findDatabaseProblem();
        // Until it has started, the service logs its own checks.
        if (started) readiness.note(problem);
        return problem === null ? [] : [problem];
      },
      warnings: () =>
        findWarnings({
          keySet: authenticator.keySet(),
          isRedisUp: counter.isShared(),
          isShedding: shedding?.isShedding() ?? false,
          replica: database.replica(),
        }),
      get started() {
        return started;
      },
      startProblem: null as string | null,
      publicUrl: config.publicUrl ?? '',
      authorizationServers: config.auth.issuer ? [config.auth.issuer.value] : [],
      mcpAuthorizationServers: config.auth.authorizationServer ? [config.auth.authorizationServer.value] : [],
    };
    const app = await createApp({
      config,
      database: {
        ...database,
        withUser(userId, opening) {
          shared.noteActivity();
          return database.withUser(userId, opening);
        },
      },
      authenticator,
      rateLimiter,
      events,
      egress,
      state,
      log,
      metrics,
      tracing,
    });
    const answerOverload = createOverloadAnswer(createOriginCheck(config.corsOrigins));
    const server = createServer(shedding ? shedLoad(app, shedding, answerOverload) : app, config, log);
    const metricsServer = metrics && !worker ? createMetricsServer(metrics) : undefined;
    const metricsUrl = metricsServer
      ? `${await listen(metricsServer, config.metrics.host, config.metrics.port as number, 'METRICS_')}/metrics`
      : null;
    const opening = () => listen(server, config.host, config.port);
    let opened = worker?.servedUrl ? undefined : opening();
    const url = (await opened) ?? (worker?.servedUrl as string);
    state.publicUrl ||= url;
    const ready = untilReady(findStartProblem, log, stopped.signal, (problem) => {
      state.startProblem = problem;
    }).then(async (isReady) => {
      started = isReady;
      if (!isReady) return false;
      opened ??= opening();
      await opened;
      jobs.start(config.jobs);
      return true;
    });
    // The caller handles the rejection later. Until then it must not count as unhandled.
    ready.catch(() => undefined);
    const stop = async () => {
      stopped.abort();
      // Load balancers see that the service is not ready. It still accepts requests until then, so that none is lost.
      if (config.shutdownDelayMs > 0) await sleep(config.shutdownDelayMs);
      events.close();
      // A job that does not end in time loses its connection, like a request.
      const jobsEnd = Promise.race([jobs.stop(), sleep(config.shutdownTimeoutMs, undefined, { ref: false })]);
      if (await opened?.catch(() => undefined)) await drain(server, config.shutdownTimeoutMs);
      await jobsEnd;
      // Waits for a running migration.
      await Promise.race([
        ready.catch(() => false),
        sleep(config.shutdownTimeoutMs, undefined, { ref: false }),
      ]);
      metricsServer?.close();
      metricsServer?.closeAllConnections();
      await release();
    };
    return { url, metricsUrl, ready, runJob: jobs.run, stop: () => (stopping ??= stop()) };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The part of a process that is one of several workers of an instance. The primary process serves the metrics. */
export interface WorkerRole {
  readonly peers: Peers;
  /** The address that other workers serve already: this one listens when it is ready. Null: it listens at once. */
  readonly servedUrl: string | null;
}

export interface StartOptions {
  /** Called when the embedded Postgres cannot be restarted, so that the service cannot continue. */
  readonly onLost?: (error: Error) => void;
  /** The embedded Postgres, if it is starting already. */
  readonly postgres?: Promise<EmbeddedPostgres> | undefined;
  /** Left out if this process is the whole instance. */
  readonly worker?: WorkerRole;
}

/**
 * Starts the service, with the embedded Postgres if no other is configured. Resolves when it listens.
 * @throws the error that prevents the start; everything that was already started is stopped
 */
export async function startService(
  config: Config,
  log: Logger,
  options: StartOptions = {},
): Promise<Service> {
  const embedded = config.databaseUrl === null ? await startWatchedPostgres(config, log, options) : null;
  try {
    return await startServing(config, embedded, log, options.worker);
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}
