import { openStatuses } from '../../domain/tasks/status';
import { addDays, offsetsBetween } from '../../domain/time/calendar';
import type { Schemas } from '../../platform/contract/document/operations';
import type { Handlers } from '../../platform/contract/http/call';
import type { Lane } from '../../platform/database/lane';
import {
  type TaskPriority,
  type TaskStatus,
  taskPriorities,
  taskStatuses,
} from '../../platform/database/rows';
import { settingsOf } from '../profile/settings';
import { countTasks } from '../tasks/repository';
import { viewMoment } from '../tasks/view';
import { dayRange, daysOf } from './range';
import { countByKind, findCompletions, findProfileSince, type TaskGroup } from './repository';

type Tally = Schemas['TaskTally'];

function sum(groups: readonly TaskGroup[], ...statuses: TaskStatus[]): number {
  return groups
    .filter((group) => statuses.includes(group.status))
    .reduce((total, group) => total + group.count, 0);
}

function tally(groups: readonly TaskGroup[]): Tally {
  return { open: sum(groups, ...openStatuses), completed: sum(groups, 'completed') };
}

/** The counts of the present tasks. */
function toCounts(groups: readonly TaskGroup[]) {
  const ofPriority = (priority: TaskPriority) => groups.filter((group) => group.priority === priority);
  const byStatus = taskStatuses.map((status) => [status, sum(groups, status)]);
  const byPriority = taskPriorities.map((priority) => [priority, tally(ofPriority(priority))]);
  const byProject = Map.groupBy(groups, (group) => group.project_id);
  return {
    total: sum(groups, ...taskStatuses),
    by_status: Object.fromEntries(byStatus) as Record<TaskStatus, number>,
    by_priority: Object.fromEntries(byPriority) as Record<TaskPriority, Tally>,
    by_project: [...byProject].map(([project_id, own]) => ({ project_id, ...tally(own) })),
  };
}

/** The completions of each day of a range. */
function toCompletions(range: { from: string; until: string }, counts: Readonly<Record<string, number>>) {
  const days = daysOf(range).map((date) => ({ date, count: counts[date] ?? 0 }));
  return { ...range, total: days.reduce((total, { count }) => total + count, 0), days };
}

export const statsHandlers: Pick<Handlers, 'getStats'> = {
  async getStats(call) {
    const now = new Date();
    const outcome = await call.lane.read(
      async (lane: Lane) => {
        const { include_archived } = call.query;
        const [profile, groups] = await Promise.all([findProfileSince(lane), countByKind(lane)]);
        const time_zone = call.query.tz ?? settingsOf(profile).time_zone;
        const at = viewMoment(time_zone, now);
        const range = dayRange(call.query, at.today);
        if ('pointer' in range) return range;
        const instants = [profile?.since, ...groups.map((group) => group.first_completed)];
        const since = Math.min(now.getTime(), ...instants.flatMap((instant) => instant?.getTime() ?? []));
        const offsets = offsetsBetween(time_zone, new Date(since), now);
        const [overdue, due_today, completions] = await Promise.all([
          countTasks(lane, { view: { name: 'overdue', at }, outsideArchived: !include_archived }),
          countTasks(lane, { view: { name: 'today', at }, outsideArchived: !include_archived }),
          findCompletions(lane, { ...range, yesterday: addDays(at.today, -1), offsets }),
        ]);
        const { counts, current, longest } = completions;
        return {
          time_zone,
          today: at.today,
          ...toCounts(include_archived ? groups : groups.filter(({ archived }) => !archived)),
          overdue,
          due_today,
          completions: toCompletions(range, counts),
          streaks: { current, longest },
        };
      },
      { replica: true },
    );
    if ('pointer' in outcome) return call.fail('validation-failed', { errors: [outcome] });
    return call.reply(200, outcome);
  },
};
