/** The components of all screens (lib/screens.ts). */
import { type ComponentType, lazy } from 'react';
import type { ScreenId } from '@/lib/screens';
import { AllScreen } from './all/screen';
import { InboxScreen } from './inbox/screen';
import { ProjectScreen } from './projects/screen';
import { TagScreen } from './tags/screen';
import { TodayScreen } from './today/screen';
import { UpcomingScreen } from './upcoming/screen';

/** `rest` is the part of the path after the id, decoded. */
export const screenComponents: { readonly [Id in ScreenId]: ComponentType<{ rest: string }> } = {
  today: TodayScreen,
  inbox: InboxScreen,
  upcoming: UpcomingScreen,
  all: AllScreen,
  board: lazy(() => import('./board/screen')),
  statistics: lazy(() => import('./statistics/screen')),
  trash: lazy(() => import('./trash/screen')),
  settings: lazy(() => import('./settings/screen')),
  failed: lazy(() => import('./sync/failed')),
  project: ProjectScreen,
  tag: TagScreen,
  browse: lazy(() => import('./shell/browse')),
  task: lazy(() => import('./details/screen')),
};
