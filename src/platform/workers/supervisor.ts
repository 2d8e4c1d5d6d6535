/** Starts the workers of an instance in the primary process, replaces those that end, and connects them. */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { createInstanceMetrics, type InstanceMetrics } from '../observability/metrics/combine';
import { type ToPrimary, type ToWorker, WorkersFailed, workerEnvironment } from './messages';

export interface SupervisorOptions {
  /** The number of workers. */
  readonly count: number;
  readonly databaseUrl: string;
  /** Whether the first worker applies the migrations. */
  readonly migrates: boolean;
  readonly log: Logger;
  /** Milliseconds after `stop` after which workers that have not ended are killed. */
  readonly stopTimeoutMs: number;
}

export interface Supervisor {
  /** Resolves with the address that the workers serve. */
  readonly url: Promise<string>;
  /** Resolves with true when the first worker is ready, and with false if the workers are stopped before. */
  readonly ready: Promise<boolean>;
  /** Rejects if a worker ends before it is ready and no other is ready: then the instance does not work. */
  readonly failed: Promise<never>;
  /** Reads the metrics of all workers. A worker that does not answer within a second has its last values. */
  readMetrics(): Promise<InstanceMetrics>;
  /** The number of workers that are ready, and of those that replaced another one. */
  counts(): { ready: number; replacements: number };
  /** Stops all workers. Rejects if one does not stop cleanly. */
  stop(): Promise<void>;
}

/** The place of a worker. */
interface Slot {
  readonly number: number;
  worker: Worker | null;
  isReady: boolean;
  startedAt: number;
  /** Whether messages to the worker wait, because it does not read them. It gets no broadcasts then. */
  isClogged: boolean;
  /** How many workers in a row ended soon after their start. */
  ends: number;
  timer?: NodeJS.Timeout;
}

// The pauses before the replacements of a worker that ends soon after its start. The last one repeats.
const pausesMs = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000];
// A worker that has run for so long did not end because of its start.
const steadyMs = 60_000;
const answerWithinMs = 1_000;

/**
 * A connection on its way to a worker stays open in this process if the worker is killed, so its client would wait without
 * end. This remembers the last connection that was sent to each worker, and closes it.
 */
function watchHandoffs() {
  type Handle = { close(): void };
  const last = new Map<Worker, Handle>();
  return {
    watch(worker: Worker): void {
      const child = worker.process;
      const send = child.send as (...args: unknown[]) => boolean;
      child.send = ((message: unknown, handle: unknown, ...rest: unknown[]) => {
        // Without a handle, this argument can be a callback.
        if (typeof handle === 'object' && handle !== null) last.set(worker, handle as Handle);
        return send.call(child, message, handle, ...rest);
      }) as typeof child.send;
    },
    closeLast(worker: Worker): void {
      const handle = last.get(worker);
      last.delete(worker);
      // If the worker refused the connection, another one can have got it.
      if (handle && ![...last.values()].includes(handle)) handle.close();
    },
  };
}

/** Sends a message to a worker, unless its channel is closed. @returns false if it waits, because the worker does not read */
function send(worker: Worker | null, message: ToWorker, onSent: () => void = () => undefined): boolean {
  return !worker?.isConnected() || worker.send(message, onSent);
}

/** Starts the first worker, and the others when it is ready. */
export function startWorkers(options: SupervisorOptions): Supervisor {
  const { count, databaseUrl, migrates, log, stopTimeoutMs } = options;
  const slots = Array.from(
    { length: count },
    (_, n): Slot => ({
      number: n + 1,
      worker: null,
      isReady: false,
      isClogged: false,
      startedAt: 0,
      ends: 0,
    }),
  );
  const metrics = createInstanceMetrics();
  const handoffs = watchHandoffs();
  const listening = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<boolean>();
  const failed = Promise.withResolvers<never>();
  // Nobody may wait for it.
  failed.promise.catch(() => undefined);
  const answers = new Map<Worker, () => void>();
  let url: string | null = null;
  let replacements = 0;
  let stopping: Promise<void> | undefined;
  let reading: Promise<void> | undefined;

  const isServing = () => slots.some(({ isReady }) => isReady);

  function start(slot: Slot): void {
    const { number } = slot;
    const worker = cluster.fork(
      workerEnvironment({
        number,
        databaseUrl,
        migrates: migrates && number === 1,
        runsJobs: number === 1,
        url,
        listensWhenReady: isServing(),
      }),
    );
    handoffs.watch(worker);
    slot.worker = worker;
    slot.startedAt = performance.now();
    worker.on('message', (message: ToPrimary) => {
      if (slot.worker === worker) receive(slot, message);
    });
    worker.on('error', (error) => log.warn({ err: error, worker: number }, 'a worker cannot be reached'));
    const ended = (code: number | null, signal: string | null) => {
      if (slot.worker === worker) handleEnd(slot, signal ?? `exit code ${code}`);
    };
    worker.once('exit', ended);
    // A process that cannot be started has no exit.
    if (worker.process.pid === undefined) setImmediate(ended, null, 'not started');
  }

  function forward(slot: Slot, message: ToWorker): void {
    slot.isClogged = !send(slot.worker, message, () => {
      slot.isClogged = false;
    });
  }

  function receive(slot: Slot, received: ToPrimary): void {
    switch (received.kind) {
      case 'listening':
        url ??= received.url;
        listening.resolve(url);
        return;
      case 'ready':
        slot.isReady = true;
        ready.resolve(true);
        for (const each of slots) if (each.startedAt === 0 && !stopping) start(each);
        return;
      case 'broadcast':
        for (const each of slots) if (each !== slot && !each.isClogged) forward(each, received);
        return;
      case 'metrics':
        metrics.update(String(slot.number), received.snapshot);
        answers.get(slot.worker as Worker)?.();
    }
  }

  function handleEnd(slot: Slot, reason: string): void {
    const { number, worker, isReady: wasReady } = slot;
    handoffs.closeLast(worker as Worker);
    answers.get(worker as Worker)?.();
    metrics.ended(String(number));
    slot.worker = null;
    slot.isReady = false;
    slot.isClogged = false;
    if (stopping) return;
    log.error({ worker: number, reason }, 'a worker ended');
    if (!wasReady && !isServing()) {
      failed.reject(new WorkersFailed(`Worker ${number} ended before it was ready (${reason}).`));
      return;
    }
    if (performance.now() - slot.startedAt > steadyMs) slot.ends = 0;
    const pauseMs = pausesMs[Math.min(slot.ends, pausesMs.length - 1)];
    slot.ends++;
    slot.timer = setTimeout(() => {
      replacements++;
      start(slot);
    }, pauseMs);
  }

  async function askForMetrics(): Promise<void> {
    const workers = slots.flatMap(({ worker }) => (worker?.isConnected() ? [worker] : []));
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, answerWithinMs);
    const answered = workers.map((worker) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      answers.set(worker, resolve);
      send(worker, { kind: 'metrics' });
      return promise;
    });
    await Promise.race([Promise.all(answered), timer.promise]);
    clearTimeout(timeout);
    answers.clear();
  }

  async function stop(): Promise<void> {
    for (const { timer } of slots) clearTimeout(timer);
    ready.resolve(false);
    const workers = slots.flatMap(({ worker }) => (worker ? [worker] : []));
    const kill = setTimeout(() => {
      for (const worker of workers) worker.process.kill('SIGKILL');
    }, stopTimeoutMs);
    // A signal to the whole group of processes can end a worker that does not handle signals yet.
    const served = slots.flatMap(({ worker, isReady }) => (worker && isReady ? [worker] : []));
    await Promise.all(
      workers.map((worker) => {
        const exit = once(worker, 'exit');
        send(worker, { kind: 'stop' });
        return exit;
      }),
    );
    clearTimeout(kill);
    if (served.some((worker) => worker.process.exitCode !== 0))
      throw new WorkersFailed('Not all workers stopped cleanly.');
  }

  start(slots[0] as Slot);
  return {
    url: listening.promise,
    ready: ready.promise,
    failed: failed.promise,
    async readMetrics() {
      reading ??= askForMetrics().finally(() => {
        reading = undefined;
      });
      await reading;
      return metrics;
    },
    counts: () => ({ ready: slots.filter(({ isReady }) => isReady).length, replacements }),
    stop: () => (stopping ??= stop()),
  };
}
