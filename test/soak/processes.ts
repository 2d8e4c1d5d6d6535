/** The processes of the soak test: Postgres, Redis, instances of the service behind a load balancer, and a guard. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/platform/database/embedded/server';
import { heapFlags } from '../../src/platform/heap';
import { projectPath } from '../../src/platform/paths';
import { environmentOf } from '../support/process';
import { until } from '../support/until';

const startDeadlineMs = 90_000;
const keptLines = 2_000;

/** Ends everything that was reported to it, after this process has ended. */
export interface Guard {
  started(pid: number): void;
  ended(pid: number): void;
  data(directory: string): void;
  /** Resolves when the guard has ended. Call it after everything was stopped. */
  close(): Promise<void>;
}

export function startGuard(): Guard {
  // In a session of its own, so that the signals of a terminal do not reach it.
  const child = spawn(process.execPath, [projectPath('test', 'soak', 'guard.cjs')], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = once(child, 'exit');
  const tell = (line: string) => void child.stdin.write(`${line}\n`);
  return {
    started: (pid) => tell(`pid ${pid}`),
    ended: (pid) => tell(`gone ${pid}`),
    data: (directory) => tell(`data ${directory}`),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

/** The memory of a process after a collection, in bytes. */
export interface Memory {
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
}

export interface Instance {
  readonly name: string;
  readonly url: string;
  readonly metricsUrl: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** The latest lines of its log. */
  readonly lines: readonly string[];
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Set before the soak test ends the process itself. */
  isEnding: boolean;
  /** Undefined if it does not answer in time. */
  memory(): Promise<Memory | undefined>;
  /** The number of its open files and sockets; undefined if the system does not tell. */
  handles(): number | undefined;
}

export interface InstanceOptions {
  readonly name: string;
  readonly configuration: Record<string, string>;
  readonly guard: Guard;
  /** Called with each line of the log, and when the process ends. */
  onLine(line: string): void;
  onEnd(instance: Instance, how: string): void;
}

/** Starts an instance of the built service, and waits until it serves. */
export async function startSoakInstance(options: InstanceOptions): Promise<Instance> {
  const { name, configuration, guard, onLine, onEnd } = options;
  const metricsPort = await freePort();
  const flags = [...heapFlags, '--expose-gc', '--require', projectPath('test', 'soak', 'probe.cjs')];
  const child = spawn(process.execPath, [...flags, projectPath('dist', 'src', 'main.js')], {
    env: environmentOf({
      PORT: '0',
      DOCS_DIR: '/nowhere',
      METRICS_PORT: String(metricsPort),
      SHEDDING: 'on',
      ...configuration,
    }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const pid = child.pid as number;
  guard.started(pid);
  const lines: string[] = [];
  let url: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    let text = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (text + chunk).split('\n');
      text = parts.pop() as string;
      for (const line of parts) {
        lines.push(line);
        if (lines.length > 2 * keptLines) lines.splice(0, keptLines);
        url ??= /^Tasklane serves (\S+)$/.exec(line)?.[1];
        onLine(line);
      }
    });
  }
  child.on('error', () => undefined);
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const instance: Instance = {
    name,
    get url() {
      return url ?? '';
    },
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    pid,
    child,
    lines,
    ended,
    isEnding: false,
    async memory() {
      if (!child.connected) return undefined;
      const answer = once(child, 'message', { signal: AbortSignal.timeout(5_000) }).then(
        ([message]) => message as Memory,
        () => undefined,
      );
      child.send('memory', () => undefined);
      return answer;
    },
    handles() {
      try {
        return readdirSync(`/proc/${pid}/fd`).length;
      } catch {
        return undefined;
      }
    },
  };
  void ended.then(({ code, signal }) => {
    guard.ended(pid);
    if (!instance.isEnding) onEnd(instance, `${name} ended with ${signal ?? code}`);
  });
  try {
    await until(
      () => url !== undefined || child.exitCode !== null || child.signalCode !== null,
      startDeadlineMs,
    );
    if (url === undefined) throw new Error(`${name} did not start:\n${lines.slice(-20).join('\n')}`);
    return instance;
  } catch (error) {
    instance.isEnding = true;
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
}

export interface Balancer {
  /** An instance that was ready at the last check; any instance if none was. */
  pick(random: () => number): Instance | undefined;
  add(instance: Instance): void;
  remove(instance: Instance): void;
  all(): readonly Instance[];
  isReady(instance: Instance): boolean;
  close(): Promise<void>;
}

const checkMs = 200;

/** A load balancer in this process: it asks /readyz which instances work. */
export function startBalancer(): Balancer {
  let instances: Instance[] = [];
  let ready = new Set<Instance>();
  let isOpen = true;
  const check = (instance: Instance) =>
    fetch(`${instance.url}/readyz`, { signal: AbortSignal.timeout(3_000) }).then(
      async (response) => {
        await response.arrayBuffer();
        if (response.status === 200 && instances.includes(instance)) ready.add(instance);
        else ready.delete(instance);
      },
      () => void ready.delete(instance),
    );
  const checking = (async () => {
    while (isOpen) {
      await Promise.all(instances.map(check));
      await sleep(checkMs);
    }
  })();
  return {
    pick(random) {
      const from = ready.size > 0 ? [...ready] : instances;
      return from[Math.floor(random() * from.length)];
    },
    add: (instance) => void instances.push(instance),
    remove(instance) {
      instances = instances.filter((each) => each !== instance);
      ready = new Set([...ready].filter((each) => each !== instance));
    },
    all: () => instances,
    isReady: (instance) => ready.has(instance),
    async close() {
      isOpen = false;
      await checking;
    },
  };
}
