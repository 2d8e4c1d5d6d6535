'use client';
/** The only file that knows the backend: everything else of the app imports it from here. */
import { betterAuthCookies } from '@tasklane/sdk';
import { TasklaneProvider } from '@tasklane/sdk/react';
import { createElement, type ReactNode } from 'react';
import { authClient } from './auth-client';

export type {
  ClientEntry,
  DeletedProject,
  ImportReport,
  Profile,
  ProfilePatch,
  Project,
  ProjectPatch,
  Stats,
  Tag,
  Task,
  TaskCreate,
  TaskMove,
  TaskPatch,
  TransferMethods as Transfer,
  TrashItem,
  UndoReport,
} from '@tasklane/sdk';
export { isProblem } from '@tasklane/sdk';
export { type FailedWrite, type LiveLane, UnsentWritesError, type Write } from '@tasklane/sdk/live';
export {
  type TasksQuery,
  useLaneStatus,
  useProfile,
  useProjects,
  useStats,
  useTags,
  useTask,
  useTasklane,
  useTasks,
} from '@tasklane/sdk/react';
export type { Parsed, Piece, ReadWords } from '@tasklane/sdk/words';

/** `bearer`: the service has an address of its own. `cookie`: it answers at the address of the app. */
export interface Service {
  readonly access: 'bearer' | 'cookie';
  readonly url: string;
}

const cookies = betterAuthCookies(authClient);
const ownOrigin = () => (typeof location === 'undefined' ? 'http://localhost' : location.origin);

/** Opens the lane of the user who is signed in. */
export function Backend({ service, children }: { service: Service; children: ReactNode }) {
  const isOwn = service.access === 'cookie';
  return createElement(TasklaneProvider, {
    baseUrl: isOwn ? ownOrigin() : service.url,
    auth: isOwn ? cookies : authClient,
    children,
  });
}

let words: Promise<typeof import('@tasklane/sdk/words')> | undefined;

/** The reader of sentences, and the words for recurrence rules. They are loaded when they are first needed. */
export const loadWords = () => {
  words ??= import('@tasklane/sdk/words');
  return words;
};
