/**
 * Coming occurrences of repeating tasks. The API lists those of one task; for a range of days, they are computed here from
 * the rules of the tasks that the API lists.
 */
import type { Schemas } from '../../platform/contract/document/operations';
import { laterOccurrences, type SeriesTask } from '../tasks/recurrence';
import { clip, count, quoted, shortIds, whenText } from './text';
import type { Workspace } from './workspace';

type Task = Schemas['Task'];

/** The dates of an occurrence. */
type Occurrence = ReturnType<typeof laterOccurrences>[number];

// A list has at most so many repeating tasks that are looked at, and a task at most so many dates that are shown.
const mostTasks = 100;
const mostDates = 10;
const mostLines = 30;

/** Whether the later occurrences can be computed. A rule that counts completions needs their number, which tasks do not have. */
function isSeries({ rrule, repeat_from, status }: Task): boolean {
  if (rrule === null || status === 'completed' || status === 'cancelled') return false;
  return repeat_from === 'schedule' || !rrule.includes('COUNT=');
}

/** Days, and the maximum number of occurrences of each task. */
interface Range {
  readonly from: string;
  readonly until: string;
  readonly limit: number;
}

/** The occurrences after the current one by the ids of tasks. Tasks without one are left out. */
async function laterOf(
  work: Workspace,
  tasks: readonly Task[],
  range: Range,
): Promise<Map<string, Occurrence[]>> {
  const repeating = tasks.filter(isSeries);
  if (repeating.length === 0) return new Map();
  const [{ time_zone: zone }, completions] = await Promise.all([
    work.profile(),
    // The latest ones have those of occurrences that were completed ahead.
    work.call('listCompletions', { query: { limit: 200 } }),
  ]);
  const at = work.agent.now();
  const later = repeating.map((task) => {
    const completed = completions.items.flatMap(({ task_id, due_date, due_time }) =>
      task_id === task.id && due_date !== null ? [{ due_date, due_time }] : [],
    );
    const series = { ...task, completion_count: 0 } as unknown as SeriesTask;
    return [task.id, laterOccurrences(series, { ...range, completed, zone, at })] as const;
  });
  return new Map(later.filter(([, dates]) => dates.length > 0));
}

/** The occurrence after the current one, by the ids of tasks. */
export async function nextOf(work: Workspace, tasks: readonly Task[]): Promise<Map<string, Occurrence>> {
  const later = await laterOf(work, tasks, { from: '1900-01-01', until: '9999-12-31', limit: 1 });
  return new Map([...later].map(([id, dates]) => [id, dates[0] as Occurrence]));
}

/** Occurrences in a range of days that are not the current ones of their tasks. */
export interface Coming {
  /** For the summary of a reply. */
  readonly summary: string;
  /** The part of a reply, for at most so many tasks. */
  show(limit: number): { lines: string[]; data: object };
}

/** No coming occurrences. */
export const noneComing: Coming = { summary: '', show: () => ({ lines: [], data: {} }) };

/**
 * Finds the coming occurrences in a range of days. The current occurrences are tasks, and lists have them.
 * @param query for the list of tasks, without the range
 */
export async function comingIn(
  work: Workspace,
  query: Readonly<Record<string, unknown>>,
  { from, until }: Omit<Range, 'limit'>,
): Promise<Coming> {
  const page = await work.call('listTasks', {
    query: {
      ...query,
      has: ['rrule'],
      due_until: until,
      sort: ['due'],
      limit: mostTasks,
      include_total: true,
    } as never,
  });
  const later = await laterOf(work, page.items, { from, until, limit: mostDates + 1 });
  const total = page.total ?? page.items.length;
  const unseen =
    total > page.items.length ? ` Only ${page.items.length} of ${total} repeating tasks were looked at.` : '';
  if (later.size === 0) return unseen === '' ? noneComing : { ...noneComing, summary: unseen };
  const tasks = page.items.filter(({ id }) => later.has(id));
  const { time_zone } = await work.profile();
  const shortId = shortIds(page.items.map(({ id }) => id));
  const datesOf = ({ id }: Task) => (later.get(id) as Occurrence[]).slice(0, mostDates);
  const hasMore = ({ id }: Task) => (later.get(id) as Occurrence[]).length > mostDates;
  return {
    summary: ` Later occurrences of ${count(tasks.length, 'repeating task')} follow.${unseen}`,
    show(limit) {
      const shown = tasks.slice(0, Math.min(limit, mostLines));
      const cut = shown.length < tasks.length ? ` (${shown.length} of ${tasks.length} tasks)` : '';
      return {
        lines: [
          `Later occurrences, which have no ids of their own${cut}:`,
          ...shown.map((task) => {
            const dates = datesOf(task).map((each) =>
              whenText(each.due_date, each.due_time, each.time_zone, time_zone),
            );
            return `${shortId(task.id)} ${quoted(clip(task.title, 40))} ${dates.join(', ')}${hasMore(task) ? ' and more' : ''}`;
          }),
        ],
        data: {
          later_occurrences: shown.map((task) => ({
            id: shortId(task.id),
            title: clip(task.title, 40),
            due: datesOf(task).map(({ due_date, due_time }) =>
              due_time === null ? due_date : `${due_date} ${due_time}`,
            ),
            ...(hasMore(task) && { more: true }),
          })),
        },
      };
    },
  };
}
