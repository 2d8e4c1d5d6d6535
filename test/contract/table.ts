/** The whole table of the contract's cases. An operation or a status without a case does not compile. */
import { batchCases } from './batch.cases';
import { calendarFeedCases } from './calendar-feed.cases';
import type { Cases } from './cases';
import { clientCases } from './clients.cases';
import { completionCases } from './completions.cases';
import { eventCases } from './events.cases';
import { profileCases } from './profile.cases';
import { projectCases } from './projects.cases';
import { quickCases } from './quick.cases';
import { serviceCases } from './service.cases';
import { statsCases } from './stats.cases';
import { syncCases } from './sync.cases';
import { tagCases } from './tags.cases';
import { taskCases } from './tasks.cases';
import { transferCases } from './transfer.cases';
import { trashCases } from './trash.cases';
import { undoCases } from './undo.cases';
import { webhookCases } from './webhooks.cases';

export const cases: Cases = {
  ...serviceCases,
  ...taskCases,
  ...quickCases,
  ...completionCases,
  ...projectCases,
  ...tagCases,
  ...trashCases,
  ...batchCases,
  ...undoCases,
  ...clientCases,
  ...statsCases,
  ...profileCases,
  ...syncCases,
  ...eventCases,
  ...webhookCases,
  ...transferCases,
  ...calendarFeedCases,
};
