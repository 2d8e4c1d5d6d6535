'use client';
/** React (18 or later) for a lane that works offline: a provider and hooks. */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from 'react';
import type { Tasklane } from '../lane.js';
import type {
  FailedWrite,
  LiveLane,
  LiveStatus,
  LiveTaskQuery,
  LiveTasks,
  OpenLaneOptions,
} from '../live/index.js';
import type { GetStatsQuery, Profile, Project, Stats, Tag, Task } from '../methods.js';
import { type Auth, createSession, firstStatus, type Session } from './session.js';

export type { Auth } from './session.js';

/** The options of `openLane` are those of the first rendering. */
export interface TasklaneProviderProps extends OpenLaneOptions {
  /** The address of the service. */
  readonly baseUrl: string;
  readonly auth: Auth;
  readonly children?: ReactNode;
}

const SessionContext = createContext<Session | undefined>(undefined);

/**
 * Opens the lane of the user who is signed in, for the hooks below it. It remembers the last user of the device, so that the
 * app shows their tasks also without a network. On a server it renders its children without data.
 */
export function TasklaneProvider({
  baseUrl,
  auth,
  children,
  ...options
}: TasklaneProviderProps): ReactElement {
  // biome-ignore lint/correctness/useExhaustiveDependencies: `use` replaces auth without a new session.
  const session = useMemo(() => createSession(baseUrl, auth, options), [baseUrl]);
  useEffect(() => session.use(auth), [session, auth]);
  useEffect(() => session.connect(), [session]);
  return createElement(SessionContext.Provider, { value: session }, children);
}

function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('Tasklane hooks need a <TasklaneProvider> above them.');
  return session;
}

const isSame = (one: unknown, other: unknown): boolean =>
  Array.isArray(one) && Array.isArray(other)
    ? one.length === other.length && one.every((each, index) => each === other[index])
    : one === other;

/** What `read` returns, and again after each change. `key` names everything that `read` depends on except the lane. */
function useLaneValue<Value>(read: (lane: LiveLane) => Value, key = ''): Value | undefined {
  const session = useSession();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `read`, which is a new function each time.
  const snapshot = useMemo(() => {
    let last: Value | undefined;
    return () => {
      const next = session.lane && read(session.lane);
      // React needs the same object as long as nothing has changed.
      if (!isSame(last, next)) last = next;
      return last;
    };
  }, [session, key]);
  return useSyncExternalStore(session.subscribe, snapshot, () => undefined);
}

/** Undefined while the copy is loaded for the first time, because there can be more. */
const unlessLoading = <Value>(lane: LiveLane, found: readonly Value[]): readonly Value[] | undefined =>
  found.length > 0 || lane.status.complete ? found : undefined;

export interface TasksQuery extends LiveTaskQuery {
  /** A project or its id: the same as `project_id`. */
  readonly project?: { readonly id: string } | string | undefined;
}

/** The tasks that match a query. Undefined until they are loaded. */
export function useTasks({ project, ...query }: TasksQuery = {}): readonly Task[] | undefined {
  const id = typeof project === 'object' ? project.id : project;
  const whole: LiveTaskQuery = id === undefined ? query : { ...query, project_id: id };
  return useLaneValue((lane) => unlessLoading(lane, lane.tasks.list(whole)), JSON.stringify(whole));
}

/** A task; null if there is none with this id. Undefined until it is loaded. */
export function useTask(taskId: string): Task | null | undefined {
  return useLaneValue((lane) => lane.tasks.get(taskId) ?? (lane.status.complete ? null : undefined), taskId);
}

/** The projects in the order that the user chose. Undefined until they are loaded. */
export function useProjects(
  query: { readonly archived?: boolean | undefined } = {},
): readonly Project[] | undefined {
  return useLaneValue((lane) => unlessLoading(lane, lane.projects.list(query)), JSON.stringify(query));
}

/** The tags by name. Undefined until they are loaded. */
export function useTags(): readonly Tag[] | undefined {
  return useLaneValue((lane) => unlessLoading(lane, lane.tags.list()));
}

/** The user's settings. Undefined until they are loaded. */
export function useProfile(): Profile | undefined {
  return useLaneValue((lane) => lane.profile.get());
}

/** The status of the lane. */
export function useLaneStatus(): LiveStatus {
  const session = useSession();
  return useSyncExternalStore(
    session.subscribe,
    () => session.status,
    () => firstStatus,
  );
}

/** The statistics that the service computed last, requested again after changes. Undefined until they are loaded. */
export function useStats(query: GetStatsQuery = {}): Stats | undefined {
  return useLaneValue((lane) => lane.stats(query), JSON.stringify(query));
}

/** The writes of tasks. They show at once. @throws an error if no lane is open */
export type TaskActions = Omit<LiveTasks, 'get' | 'list' | 'watch'>;

const actionNames = [
  'create',
  'update',
  'complete',
  'reopen',
  'skip',
  'move',
  'delete',
  'restore',
] as const satisfies readonly (keyof TaskActions)[];

/** The writes of tasks. The object and its functions never change. */
export function useTaskActions(): TaskActions {
  const session = useSession();
  return useMemo(() => {
    const call = (name: keyof TaskActions) => {
      return (...args: unknown[]) => {
        if (!session.lane) throw new Error('No lane is open. See useLaneStatus().');
        return (session.lane.tasks[name] as (...args: unknown[]) => unknown)(...args);
      };
    };
    return Object.fromEntries(actionNames.map((name) => [name, call(name)])) as unknown as TaskActions;
  }, [session]);
}

export interface TasklaneSession {
  /** The client, for calls of the service. */
  readonly client: Tasklane;
  /** The lane, for the writes of projects, tags and the profile. Undefined while none is open. */
  readonly lane: LiveLane | undefined;
  /** The writes that the service refused permanently. */
  readonly failed: readonly FailedWrite[];
  /** Asks who is signed in, after a sign-in or sign-out that Better Auth's client does not know of. */
  refresh(): Promise<void>;
  /**
   * Removes the copy from the device, before the app signs the user out. @throws {UnsentWritesError} if writes would be lost,
   * unless `discard` is true
   */
  signOut(options?: { readonly discard?: boolean | undefined }): Promise<void>;
}

const none: readonly FailedWrite[] = [];

/** The lane of the user, the client, the failed writes, and the end of the session. */
export function useTasklane(): TasklaneSession {
  const { client, refresh, signOut } = useSession();
  const lane = useLaneValue((each) => each);
  const failed = useLaneValue((each) => each.failed) ?? none;
  return { client, lane, failed, refresh, signOut };
}
