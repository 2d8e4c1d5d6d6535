/** Correct uses of the hooks' types, and deliberate mistakes that they reject. `npm test` type-checks this file. */

import type { Profile, Project, Stats, Tag, Task } from '../src/index';
import { betterAuthCookies } from '../src/index';
import type { FailedWrite, LiveLane, LiveStatus } from '../src/live/index';
import {
  TasklaneProvider,
  type useLaneStatus,
  type useProfile,
  useProjects,
  useStats,
  type useTags,
  type useTask,
  useTaskActions,
  type useTasklane,
  useTasks,
} from '../src/react/index';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._proof: Equal<A, B> extends true ? [] : [never]): void => undefined;

export function useChecks(project: Project): void {
  same<ReturnType<typeof useTasks>, readonly Task[] | undefined>();
  same<ReturnType<typeof useTask>, Task | null | undefined>();
  same<ReturnType<typeof useProjects>, readonly Project[] | undefined>();
  same<ReturnType<typeof useTags>, readonly Tag[] | undefined>();
  same<ReturnType<typeof useProfile>, Profile | undefined>();
  same<ReturnType<typeof useStats>, Stats | undefined>();
  same<ReturnType<typeof useLaneStatus>, LiveStatus>();
  same<ReturnType<typeof useTasklane>['lane'], LiveLane | undefined>();
  same<ReturnType<typeof useTasklane>['failed'], readonly FailedWrite[]>();

  useTasks({ project, view: 'today', q: 'plants', status: 'pending' });
  useTasks({ project: project.id, status: ['pending', 'in_progress'], sort: ['due', '-priority'] });
  useProjects({ archived: false });
  useStats({ tz: 'Europe/Zurich' });
  const { create, update, complete } = useTaskActions();
  const { id, undo } = create({ title: 'A', due_date: '2027-01-31' });
  update(id, { title: 'B' });
  complete(id);
  same<Awaited<ReturnType<typeof undo>>, boolean>();
  TasklaneProvider({ baseUrl: '', auth: async () => null, closedSince: '2027-01-31T00:00:00Z' });
  TasklaneProvider({ baseUrl: '', auth: { token: async () => ({ data: { token: 'a' } }) } });
  TasklaneProvider({ baseUrl: '', auth: betterAuthCookies({ getSession: async () => ({ data: null }) }) });
  TasklaneProvider({ baseUrl: '', auth: { userId: async () => 'ada' } });

  // @ts-expect-error not a view
  useTasks({ view: 'now' });
  // @ts-expect-error not a parameter
  useTasks({ state: 'pending' });
  // @ts-expect-error a copy has no pages
  useTasks({ cursor: 'a' });
  // @ts-expect-error a task needs a title
  create({});
  // @ts-expect-error not a field
  create({ title: 'A', dueDate: '2027-01-31' });
  // @ts-expect-error not a field
  update(id, { done: true });
  // @ts-expect-error no action has this name
  useTaskActions().toggle(id);
  // @ts-expect-error a token is text
  TasklaneProvider({ baseUrl: '', auth: () => 1 });
  // @ts-expect-error the provider needs auth
  TasklaneProvider({ baseUrl: '' });
}
