import type { IconName } from '@/ui/icons';

/** What the user can look at. Its component is in features/screens.ts. */
export interface Screen {
  /** The first part of its path. */
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  /** The keys that lead to it, as in `Command.keys`. */
  readonly keys?: string;
  readonly inSidebar?: boolean;
}

/** All screens, in the order of the sidebar. */
export const screens = [
  { id: 'today', title: 'Today', icon: 'today', keys: 'g t', inSidebar: true },
  { id: 'inbox', title: 'Inbox', icon: 'inbox', keys: 'g i', inSidebar: true },
  { id: 'upcoming', title: 'Upcoming', icon: 'upcoming', keys: 'g u', inSidebar: true },
  { id: 'all', title: 'All tasks', icon: 'all', keys: 'g a', inSidebar: true },
  { id: 'board', title: 'Board', icon: 'board', keys: 'g b', inSidebar: true },
  { id: 'statistics', title: 'Statistics', icon: 'chart', keys: 'g s', inSidebar: true },
  { id: 'trash', title: 'Trash', icon: 'trash', keys: 'g x', inSidebar: true },
  { id: 'settings', title: 'Settings', icon: 'settings', keys: 'g ,', inSidebar: true },
  { id: 'failed', title: 'Not saved', icon: 'warning' },
  { id: 'project', title: 'Project', icon: 'project' },
  { id: 'tag', title: 'Tag', icon: 'tag' },
  { id: 'browse', title: 'Browse', icon: 'all' },
  { id: 'task', title: 'Task', icon: 'note' },
] as const satisfies readonly Screen[];

export type ScreenId = (typeof screens)[number]['id'];

export const sidebarScreens: readonly Screen[] = screens.filter((each: Screen) => each.inSidebar);
