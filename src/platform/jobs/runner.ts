/** Runs the background jobs in this process. Each job runs one round at a time until the service stops. */
import { isUnavailable } from '../database/errors';
import type { JobLag, Metrics } from '../observability/metrics/metrics';
import type { Tracing } from '../observability/tracing/tracing';
import { alwaysBusy } from './activity';
import type { Job, JobContext, Round } from './job';
import { createSchedule, type Schedule } from './schedule';
import { shareReads } from './shared-reads';

/** Who observes the rounds, if anybody does. */
export interface JobObservers {
  readonly metrics?: Pick<Metrics, 'jobEnded'> | undefined;
  readonly tracing?: Pick<Tracing, 'run'> | undefined;
}

export interface JobRunner {
  /** How late each job is; empty before `start`. */
  lags(): Iterable<JobLag>;
  /** Starts to run the jobs with these names; by default all. */
  start(names?: readonly string[]): void;
  /**
   * Runs a job until it has no more to do, after its current round. Rejects with its error.
   * @throws Error if there is no such job
   */
  run(name: string): Promise<void>;
  /** Starts no more rounds and waits for the current ones. */
  stop(): Promise<void>;
}

// This limits a job with a bug that always has more to do.
const roundsInARow = 100;
// Spreads instances that start together, and still runs a daily job soon after the start.
const firstWithinMs = 60_000;
const longestBackOffMs = 60_000;
const jitter = 0.2;

/** Milliseconds until the next round. `failures` is the number of failed rounds in a row. */
export function pauseAfter(everyMs: number, failures: number): number {
  const longest = Math.max(everyMs, longestBackOffMs);
  const pause = Math.min(everyMs * 2 ** failures, longest);
  return pause * (1 - jitter + 2 * jitter * Math.random());
}

/** The rounds of one job in this process. */
interface JobLoop {
  /** Runs one round, after the current one. */
  round(): Promise<Round>;
  /** Runs rounds until there is no more to do, at most 100. Resolves with the last round. */
  rounds(): Promise<Round>;
}

function createJobLoop(job: Job, context: JobContext, tracing: JobObservers['tracing']): JobLoop {
  const own = { ...context, log: context.log.child({ job: job.name }) };
  let last: Promise<unknown> = Promise.resolve();
  const round = () => {
    const next = last.then(() =>
      tracing
        ? tracing.run(`job ${job.name}`, { 'tasklane.job': job.name }, () => job.run(own))
        : job.run(own),
    );
    last = next.catch(() => undefined);
    return next;
  };
  return {
    round,
    async rounds() {
      let last: Round = { more: true };
      for (let count = 0; count < roundsInARow && last.more && !context.signal.aborted; count++) {
        last = await round();
      }
      return last;
    },
  };
}

const defaultSchedule = () => createSchedule(alwaysBusy, longestBackOffMs);

/** Makes the runner of jobs. Nothing runs before `start`. */
export function createJobRunner(
  jobs: readonly Job[],
  { withSystem, laneForJob, log }: Omit<JobContext, 'signal'>,
  schedule: Schedule = defaultSchedule(),
  { metrics, tracing }: JobObservers = {},
): JobRunner {
  const stopping = new AbortController();
  const { signal } = stopping;
  const context: JobContext = { withSystem: shareReads(withSystem), laneForJob, log, signal };
  const loops = new Map(jobs.map((job) => [job.name, createJobLoop(job, context, tracing)]));
  const inFlight = new Set<Promise<unknown>>();
  // When each started job began its first round after the last success.
  const begunAt = new Map<string, number | null>();

  function track<T>(work: Promise<T>): Promise<T> {
    inFlight.add(work);
    const done = () => void inFlight.delete(work);
    work.then(done, done);
    return work;
  }

  async function runOn(job: Job, loop: JobLoop): Promise<void> {
    let failures = 0;
    let last: Round = { more: false };
    begunAt.set(job.name, null);
    let wait = schedule.begin();
    await wait(Math.min(job.everyMs, firstWithinMs) * Math.random(), undefined, signal);
    while (!signal.aborted) {
      wait = schedule.begin();
      const since = performance.now();
      begunAt.set(job.name, begunAt.get(job.name) ?? since);
      try {
        last = await loop.rounds();
        failures = 0;
        begunAt.set(job.name, null);
      } catch (error) {
        failures++;
        last = { more: false };
        const level = isUnavailable(error) ? 'warn' : 'error';
        log[level]({ err: error, job: job.name, failures }, 'job failed');
      }
      const tookMs = performance.now() - since;
      metrics?.jobEnded(job.name, tookMs, failures > 0);
      // With more to do, the job works half of the time.
      if (last.more) await wait(Math.min(tookMs, job.everyMs), 0, signal);
      else await wait(pauseAfter(job.everyMs, failures), last.dueInMs, signal);
    }
  }

  return {
    lags: () =>
      [...begunAt].map(([job, since]) => ({ job, lagMs: since === null ? 0 : performance.now() - since })),
    start(names) {
      for (const job of jobs) {
        if (names?.includes(job.name) ?? true) void track(runOn(job, loops.get(job.name) as JobLoop));
      }
    },
    async run(name) {
      const loop = loops.get(name);
      if (!loop) throw new Error(`There is no job ${name}.`);
      await track(loop.rounds());
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled(inFlight);
    },
  };
}
