/** The metrics of the service. Labels have values of the contract or of the code, never of a request. */
import { type Snapshot, takeSnapshot } from './combine';
import { Counter, Gauge, Histogram, type Metric, type textFormats, writeText } from './instruments';
import { processMetrics } from './process';

/** The use of the pool. */
export interface PoolUse {
  /** The number of connections. */
  readonly max: number;
  /** The connections that are used. */
  readonly used: number;
  /** The requests and jobs that wait for a connection. */
  readonly waiting: number;
  /** The milliseconds that another owner would wait, estimated from recent turns. */
  readonly expectedWaitMs: number;
}

/** The use of the read replica. */
export interface ReplicaUse {
  /** Why it is not used for now; null if it is used. */
  readonly problem: string | null;
  /** Seconds by which it was behind the primary. */
  readonly lagSeconds: number;
}

/** How late a job is. */
export interface JobLag {
  readonly job: string;
  /** Milliseconds since the job began a round without a success after it; 0 while it waits for the next round. */
  readonly lagMs: number;
}

/** What waits to be sent. */
export interface Backlog {
  /** The webhooks with a due delivery, or the lanes with events for the broker; at most 10,000. */
  readonly count: number;
  /** Seconds since the oldest of them waits. */
  readonly oldestSeconds: number;
}

/** What has a backlog: the deliveries to webhooks, and the events for the broker. */
export type BacklogName = 'webhooks' | 'broker';

/** The state of the service, read when somebody asks for the metrics. Null means that there is no such thing. */
export interface Sources {
  /** Whether the instance is ready, according to the last check. */
  isReady(): boolean;
  pool(): PoolUse;
  /** What reads saw of the read replica. */
  replica(): ReplicaUse | null;
  /** Whether load is being shed. */
  isShedding(): boolean;
  /** The open event streams. */
  streams(): number;
  /** Whether Redis counts the rate limits. */
  isRedisUp(): boolean | null;
  /** Milliseconds since the key set was fetched. */
  keySetAgeMs(): number | null;
  /** How late the jobs of this instance are. */
  jobs(): Iterable<JobLag>;
  /** Null until it is measured. */
  backlog(name: BacklogName): Backlog | null;
}

// Seconds. The last bound of requests is the usual timeout of proxies.
const requestBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
const waitBounds = [0.0005, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 5];
const delayBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const roundBounds = [0.01, 0.05, 0.25, 1, 5, 30, 120];
const attemptBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

/** The operation of a request that is none of the contract's: an unknown address, or a malformed request. */
export const noOperation = 'none';

const ownerKind = (owner: string) => (owner.startsWith('user ') ? 'user' : owner);

/** Makes the metrics of one instance. All amounts of time are in seconds, as Prometheus recommends. */
export function createMetrics(sources: Sources) {
  const requests = new Counter(
    'tasklane_http_requests_total',
    'Requests that were answered, by operation of the contract and status.',
    ['operation', 'status'],
  );
  const durations = new Histogram(
    'tasklane_http_request_duration_seconds',
    'Time from the head of a request to the end of its response, by operation and class of status, without event streams.',
    requestBounds,
    ['operation', 'class'],
  );
  let inFlight = 0;
  const shed = new Counter(
    'tasklane_shed_requests_total',
    'Requests that were refused because of overload.',
    ['reason'],
  );
  const replays = new Counter(
    'tasklane_idempotency_replays_total',
    'Requests that were answered with a stored reply.',
  );
  const poolWaits = new Histogram(
    'tasklane_db_pool_wait_seconds',
    'Time until a connection was acquired, by owner: users, jobs, or the platform itself.',
    waitBounds,
    ['owner'],
  );
  const poolFailures = new Counter(
    'tasklane_db_pool_failures_total',
    'Connections that could not be acquired.',
    ['owner'],
  );
  const replicaReads = new Counter(
    'tasklane_replica_reads_total',
    'Reads that the read replica may answer: answered by the replica, or by the primary for a reason.',
    ['result'],
  );
  const rounds = new Counter('tasklane_job_rounds_total', 'Rounds of background jobs, by job and result.', [
    'job_name',
    'result',
  ]);
  const roundDurations = new Histogram(
    'tasklane_job_round_duration_seconds',
    'Duration of the rounds of background jobs.',
    roundBounds,
    ['job_name'],
  );
  const attempts = new Counter(
    'tasklane_webhook_attempts_total',
    'Messages that were sent to webhooks, by result: ok, a class of status, or an error.',
    ['result'],
  );
  const attemptDurations = new Histogram(
    'tasklane_webhook_attempt_duration_seconds',
    'Time that receivers of webhooks needed to answer.',
    attemptBounds,
  );
  const brokerEvents = new Counter(
    'tasklane_broker_events_total',
    'Events that the broker stored, with those that it stored again.',
  );
  const brokerResets = new Counter(
    'tasklane_broker_resets_total',
    'Events that said that changes of a lane are missing.',
  );
  const brokerFailures = new Counter(
    'tasklane_broker_failures_total',
    'Attempts to store events that the broker refused or did not answer.',
  );
  const units = new Counter(
    'tasklane_rate_limit_units_total',
    'Units that were charged, by rate limit. For reads and writes these are the cost units of the contract.',
    ['limit'],
  );
  const limited = new Counter('tasklane_rate_limit_refusals_total', 'Requests that exceeded a rate limit.', [
    'limit',
  ]);
  const tools = new Counter(
    'tasklane_mcp_tool_calls_total',
    'Calls of tools by agents, by tool and result.',
    ['tool', 'result'],
  );
  const loopDelays = new Histogram(
    'tasklane_event_loop_delay_seconds',
    'How late a timer of the event loop was. It is measured 20 times per second.',
    delayBounds,
  );
  const asNumber = (value: boolean | null) => (value === null ? null : Number(value));
  const inSeconds = (ms: number | null) => (ms === null ? null : ms / 1000);

  const metrics: readonly Metric[] = [
    new Gauge('tasklane_ready', '1 if the last check for /readyz found no problem, else 0.', 'min', () =>
      Number(sources.isReady()),
    ),
    requests,
    durations,
    new Gauge(
      'tasklane_http_requests_in_flight',
      'Requests that are not answered yet.',
      'sum',
      () => inFlight,
    ),
    shed,
    new Gauge('tasklane_shedding', '1 while requests are refused because of overload.', 'max', () =>
      Number(sources.isShedding()),
    ),
    replays,
    new Gauge(
      'tasklane_db_pool_max_connections',
      'The largest number of connections to the database.',
      'sum',
      () => sources.pool().max,
    ),
    new Gauge(
      'tasklane_db_pool_used_connections',
      'Connections that are in use.',
      'sum',
      () => sources.pool().used,
    ),
    new Gauge(
      'tasklane_db_pool_waiting',
      'Requests and jobs that wait for a connection.',
      'sum',
      () => sources.pool().waiting,
    ),
    poolWaits,
    poolFailures,
    replicaReads,
    new Gauge(
      'tasklane_replica_up',
      '1 while the read replica is used, 0 while the primary answers all reads.',
      'min',
      () => {
        const replica = sources.replica();
        return replica && Number(replica.problem === null);
      },
    ),
    new Gauge(
      'tasklane_replica_lag_seconds',
      'For how long the read replica has been behind what reads needed; 0 after a read that it answered.',
      'max',
      () => sources.replica()?.lagSeconds ?? null,
    ),
    rounds,
    roundDurations,
    new Gauge(
      'tasklane_job_lag_seconds',
      'Time since a job began a round without a success after it; 0 while it waits for its next round.',
      'max',
      () => [...sources.jobs()].map(({ job, lagMs }) => [{ job_name: job }, lagMs / 1000] as const),
    ),
    new Gauge(
      'tasklane_webhook_backlog',
      'Webhooks with a due delivery in the database, at most 10000.',
      'max',
      () => sources.backlog('webhooks')?.count ?? null,
    ),
    new Gauge(
      'tasklane_webhook_backlog_age_seconds',
      'Time since the oldest delivery of the backlog became due.',
      'max',
      () => sources.backlog('webhooks')?.oldestSeconds ?? null,
    ),
    attempts,
    attemptDurations,
    new Gauge(
      'tasklane_broker_backlog',
      'Lanes in the database with events for the broker, at most 10000.',
      'max',
      () => sources.backlog('broker')?.count ?? null,
    ),
    new Gauge(
      'tasklane_broker_backlog_age_seconds',
      'Time since the oldest of these lanes waits.',
      'max',
      () => sources.backlog('broker')?.oldestSeconds ?? null,
    ),
    brokerEvents,
    brokerResets,
    brokerFailures,
    new Gauge('tasklane_event_streams', 'Open event streams.', 'sum', () => sources.streams()),
    units,
    limited,
    new Gauge(
      'tasklane_redis_up',
      '1 while Redis counts the rate limits, 0 while this instance does.',
      'min',
      () => asNumber(sources.isRedisUp()),
    ),
    new Gauge('tasklane_key_set_age_seconds', 'Time since the key set was fetched.', 'max', () =>
      inSeconds(sources.keySetAgeMs()),
    ),
    tools,
    loopDelays,
    ...processMetrics(),
  ];

  return {
    requestBegan(): void {
      inFlight++;
    },
    /** @param ms null for an event stream, whose duration says nothing */
    requestEnded(operation: string | undefined, status: number, ms: number | null, isReplay: boolean): void {
      inFlight--;
      const name = operation ?? noOperation;
      requests.add(1, name, statusText(status));
      if (ms !== null) durations.observe(ms / 1000, name, classText(status));
      if (isReplay) replays.add();
    },
    requestShed(reason: string): void {
      shed.add(1, reason);
      requests.add(1, noOperation, '503');
    },
    connectionAcquired(owner: string, ms: number): void {
      poolWaits.observe(ms / 1000, ownerKind(owner));
    },
    connectionRefused(owner: string): void {
      poolFailures.add(1, ownerKind(owner));
    },
    replicaRead(result: string): void {
      replicaReads.add(1, result);
    },
    jobEnded(job: string, ms: number, hasFailed: boolean): void {
      rounds.add(1, job, hasFailed ? 'failure' : 'success');
      roundDurations.observe(ms / 1000, job);
    },
    webhookAnswered(status: number | null, error: string | null, ms: number): void {
      attempts.add(1, status === null ? String(error) : status < 300 ? 'ok' : classText(status));
      attemptDurations.observe(ms / 1000);
    },
    eventsPublished(events: number, resets: number): void {
      brokerEvents.add(events);
      brokerResets.add(resets);
    },
    publishFailed(): void {
      brokerFailures.add();
    },
    unitsCharged(limit: string, amount: number, fits: boolean): void {
      if (fits) units.add(amount, limit);
      else limited.add(1, limit);
    },
    toolCalled(tool: string, hasFailed: boolean): void {
      tools.add(1, tool, hasFailed ? 'failure' : 'success');
    },
    loopDelayed(ms: number): void {
      loopDelays.observe(ms / 1000);
    },
    snapshot: (): Snapshot => takeSnapshot(metrics),
    /** The text of all metrics. */
    text: (format: keyof typeof textFormats): string => writeText(metrics, format),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

const classes = ['0xx', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const classText = (status: number): string => classes[Math.floor(status / 100)] ?? '0xx';

// Making the text of a number costs more than finding it.
const statusTexts: string[] = [];
function statusText(status: number): string {
  statusTexts[status] ??= String(status);
  return statusTexts[status];
}
