/** What the processes of an instance send to each other. */
import type { Snapshot } from '../observability/metrics/combine';

/** What a worker tells all other workers. Each message is a hint: if it is lost, work is only done later. */
export type PeerMessage =
  /** The lanes of these users have new changes. */
  | { readonly kind: 'changed'; readonly userIds: readonly string[] }
  /** A user uses the instance. */
  | { readonly kind: 'active' };

export type ToPrimary =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'broadcast'; readonly message: PeerMessage }
  | { readonly kind: 'metrics'; readonly snapshot: Snapshot };

export type ToWorker =
  | { readonly kind: 'stop' }
  | { readonly kind: 'broadcast'; readonly message: PeerMessage }
  | { readonly kind: 'metrics' };

/** What the primary process tells a worker when it starts it. */
export interface WorkerSetup {
  /** From 1 to WEB_CONCURRENCY. A worker that replaces another has its number. */
  readonly number: number;
  readonly databaseUrl: string;
  readonly migrates: boolean;
  readonly runsJobs: boolean;
  /** The address that the workers serve; null if none has listened yet. */
  readonly url: string | null;
  /** Whether it listens only when it is ready, because other workers are. */
  readonly listensWhenReady: boolean;
}

const variable = 'TASKLANE_WORKER';

/** The variables of the environment that contain the setup. */
export const workerEnvironment = (setup: WorkerSetup) => ({ [variable]: JSON.stringify(setup) });

/** Takes the setup of this process out of its environment; null if no primary process started it. */
export function takeWorkerSetup(): WorkerSetup | null {
  const text = process.env[variable];
  delete process.env[variable];
  return text && process.connected ? JSON.parse(text) : null;
}

/** The workers of an instance do not work. The log and the standard error of the worker have the reason. */
export class WorkersFailed extends Error {}
