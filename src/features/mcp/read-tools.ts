/** The tools that read. */
import { fold } from '../../domain/text/fold';
import { addDays, isDate } from '../../domain/time/calendar';
import type { Schemas } from '../../platform/contract/document/operations';
import { type Coming, comingIn, noneComing } from './coming';
import { ToolError } from './problems';
import { describe, object, pickQuery } from './schema';
import {
  clip,
  count as countOf,
  dayText,
  localTime,
  quoted,
  shortIds,
  shortValue,
  taskData,
  taskLine,
} from './text';
import { laterSchema, replySchema, type Tool, taskList, tasksSchema, tool } from './tool';
import type { Reply, Workspace } from './workspace';

type Task = Schemas['Task'];

const open = ['pending', 'in_progress'] as const;
const text = { type: 'string' };
const list = { type: 'array', items: { type: 'object' } };
const id = describe(text, 'Id, or its last 8 characters');
const ofPage = (most: number) => ({ type: 'integer', minimum: 1, maximum: most });

const count = (n: number, total: number, noun: string) => `${n} of ${total} ${noun}${total === 1 ? '' : 's'}`;

/** The arguments of `find_tasks`. */
export interface FindTasks {
  text?: string;
  view?: Schemas['TaskView'];
  status?: Schemas['TaskStatus'][];
  priority?: Schemas['TaskPriority'][];
  project?: string;
  parent?: string;
  tags_all?: string[];
  tags_any?: string[];
  tags_none?: string[];
  due_from?: string;
  due_until?: string;
  completed_after?: string;
  completed_before?: string;
  sort?: string[];
  deleted?: boolean;
  limit?: number;
  cursor?: string;
}

// The trash is searched by words here, because the API lists it only as a whole.
const mostTrashPages = 5;

/** The deletions whose titles have all words of a text. */
async function searchTrash(work: Workspace, words: string) {
  const wanted = fold(words).split(/\s+/);
  const items: Schemas['TrashItem'][] = [];
  let cursor: string | null | undefined;
  for (let pages = 0; pages < mostTrashPages && cursor !== null; pages++) {
    const page = await work.call('listTrash', { query: { limit: 200, ...(cursor && { cursor }) } });
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  const found = items.filter(({ task }) => wanted.every((word) => fold(task.title).includes(word)));
  return { found, searched: items.length, isAll: cursor === null };
}

/** The tasks in the trash. */
async function findDeletedTasks(
  work: Workspace,
  { deleted: _, text: words, limit = 25, cursor, ...others }: FindTasks,
): Promise<Reply> {
  const [other] = Object.keys({ ...others, ...(words !== undefined && cursor !== undefined && { cursor }) });
  if (other !== undefined)
    throw new ToolError(`deleted: can be combined with limit, and text or cursor, and not with ${other}.`);
  const advice = 'restore_tasks brings tasks back.';
  if (words !== undefined) {
    const { found, searched, isAll } = await searchTrash(work, words);
    const unseen = isAll ? '' : ` Only the latest ${searched} were searched.`;
    return work.fitting(limit, async (fits) => {
      const tasks = found.slice(0, fits).map(({ task }) => task);
      const summary = `${count(tasks.length, found.length, 'deletion')}, the latest first.${unseen} ${advice}`;
      return work.replyWithTasks(summary, tasks, { total: found.length });
    });
  }
  return work.fitting(limit, async (fits) => {
    const page = await work.call('listTrash', {
      query: { limit: fits, ...(cursor !== undefined && { cursor }) },
    });
    const { items, next_cursor } = page;
    const summary = `${countOf(items.length, 'deletion')}, the latest first${next_cursor === null ? '' : ', of more'}. ${advice}`;
    return work.replyWithTasks(
      summary,
      items.map(({ task }) => task),
      { next_cursor },
    );
  });
}

export async function findTasks(work: Workspace, args: FindTasks): Promise<Reply> {
  if (args.deleted) return findDeletedTasks(work, args);
  const { text: q, project, parent, status, limit = 25, sort, deleted: _, ...others } = args;
  const isClosed = args.completed_after !== undefined || args.completed_before !== undefined;
  const query = {
    ...others,
    status: status ?? (isClosed ? ['completed' as const] : [...open]),
    sort: sort ?? (q !== undefined ? ['relevance'] : isClosed ? ['-completed_at'] : ['due', '-priority']),
    ...(q !== undefined && { q }),
    ...(project === 'none' && { has_not: ['project'] }),
    ...(project !== undefined && project !== 'none' && { project_id: [await work.projectId(project)] }),
    ...(parent !== undefined && { parent_id: (await work.findTasks([parent]))[0]?.id }),
    include_total: true,
  };
  const coming = await comingOccurrences(work, args, query);
  return work.fitting(limit, async (fits) => {
    const page = await work.call('listTasks', { query: { ...query, limit: fits } as never });
    const total = page.total ?? page.items.length;
    const approximate = page.search?.approximate ? ' No exact match; these are similar.' : '';
    const { next_cursor } = page;
    return work.replyWithTasks(
      `${count(page.items.length, total, 'task')}.${approximate}${coming.summary}`,
      page.items,
      { total, next_cursor, more: coming.show(fits) },
    );
  });
}

/** The occurrences of repeating tasks after the current ones, for a range of days that ends after today. */
async function comingOccurrences(
  work: Workspace,
  { due_from, due_until, view, cursor }: FindTasks,
  query: Readonly<Record<string, unknown>> & { status: readonly string[] },
): Promise<Coming> {
  const isOpen = query.status.some((each) => (open as readonly string[]).includes(each));
  const hasRange = due_from !== undefined || due_until !== undefined;
  if (!hasRange || !isOpen || view !== undefined || cursor !== undefined) return noneComing;
  // The list refuses what is not a date.
  if ([due_from, due_until].some((each) => each !== undefined && !isDate(each))) return noneComing;
  if (due_until === undefined) {
    return {
      ...noneComing,
      summary: ' Repeating tasks are found by their current due date; with due_until also by later ones.',
    };
  }
  const { time_zone } = await work.profile();
  const tomorrow = addDays(localTime(work.agent.now(), time_zone).date, 1);
  const from = due_from !== undefined && due_from > tomorrow ? due_from : tomorrow;
  if (due_until < from) return noneComing;
  const { due_from: _, ...filter } = query;
  return comingIn(work, filter, { from, until: due_until });
}

/** All details of a task in lines. The description is cut if it is long. */
async function taskDetails(work: Workspace, task: Task): Promise<{ lines: string[]; data: object }> {
  const subtasks = await work.call('listTasks', {
    query: { parent_id: task.id, limit: 50, sort: ['position'], include_total: true },
  });
  const context = await work.contextOf([task, ...subtasks.items]);
  const { date, time } = localTime(new Date(task.created_at), context.timeZone);
  const description = task.description === null ? null : clip(task.description, 1_500);
  const links = task.links
    .slice(0, 5)
    .map(({ url, title }) => ({ url: clip(url, 80), title: title && clip(title, 60) }));
  const reminders = task.reminders.map(
    ({ at, minutes_before_due: minutes, days_before_due: days, time: at_time }) =>
      at !== null ? at : minutes !== null ? `${minutes} minutes before` : `${days} days before at ${at_time}`,
  );
  const shown = subtasks.items.slice(0, 20);
  return {
    lines: [
      taskLine(task, context),
      `id ${task.id}, created ${date} ${time}`,
      ...(task.repeat_from === 'completion' && task.rrule !== null ? ['repeats from the completion'] : []),
      ...(reminders.length === 0 ? [] : [`reminders: ${reminders.join('; ')}`]),
      ...(description === null ? [] : [`description: ${quoted(description)}`]),
      ...(links.length < task.links.length ? [`${links.length} of ${task.links.length} links:`] : []),
      ...links.map(({ url, title }) => `link ${quoted(url)}${title ? ` ${quoted(title)}` : ''}`),
      ...(subtasks.total ? [`${shown.length} of ${subtasks.total} subtasks:`] : []),
      ...shown.map((each) => `  ${taskLine(each, context)}`),
    ],
    data: {
      ...taskData(task, context),
      id: task.id,
      ...(description !== null && { description }),
      ...(links.length > 0 && { links, link_count: task.links.length }),
      ...(reminders.length > 0 && { reminders }),
      ...(subtasks.total && {
        subtask_count: subtasks.total,
        subtasks: shown.map((each) => taskData(each, context)),
      }),
    },
  };
}

export async function getTask(work: Workspace, args: { id: string }): Promise<Reply> {
  const [task] = (await work.findTasks([args.id])) as [Task];
  const { lines, data } = await taskDetails(work, task);
  return work.reply('1 of 1 task.', lines, { task: data });
}

const firstOf = (limit: number, groups: readonly Task[][]) => {
  let left = limit;
  return groups.map((group) => {
    const taken = group.slice(0, left);
    left -= taken.length;
    return taken;
  });
};

export async function getDay(work: Workspace, args: { date?: string }): Promise<Reply> {
  const { time_zone } = await work.profile();
  const today = localTime(work.agent.now(), time_zone).date;
  const date = args.date ?? today;
  const sort = ['due', '-priority'];
  const listed = (query: object) =>
    work.call('listTasks', { query: { ...query, sort, limit: 100, include_total: true } as never });
  const [late, day] = await Promise.all([
    date === today ? listed({ view: 'overdue' }) : null,
    date === today ? listed({ view: 'today' }) : listed({ due_from: date, due_until: date, status: open }),
  ]);
  const overdue = late?.items ?? [];
  const isLate = new Set(overdue.map((each) => each.id));
  const rest = day.items.filter((each) => !isLate.has(each.id));
  const total = (late?.total ?? 0) + (day.total ?? 0) - (day.items.length - rest.length);
  const [context, coming] = await Promise.all([
    work.contextOf([...overdue, ...rest]),
    date > today ? comingIn(work, { status: open }, { from: date, until: date }) : noneComing,
  ]);
  return work.fitting(100, async (fits) => {
    const [first = [], second = []] = firstOf(fits, [overdue, rest]);
    const shown = first.length + second.length;
    const more = coming.show(fits);
    return work.reply(
      `${dayText(date)}: ${count(shown, total, 'open task')}${shown < total ? '; find_tasks shows the others' : ''}.${coming.summary}`,
      [
        ...(first.length > 0 ? ['Overdue:', ...first.map((task) => taskLine(task, context))] : []),
        ...(second.length > 0 ? ['That day:', ...second.map((task) => taskLine(task, context))] : []),
        ...more.lines,
      ],
      {
        date,
        shown,
        total,
        overdue: first.map((task) => taskData(task, context)),
        tasks: second.map((task) => taskData(task, context)),
        ...more.data,
      },
    );
  });
}

async function listProjectsAndTags(work: Workspace): Promise<Reply> {
  const query = { limit: 200 };
  const [projects, tags] = await Promise.all([
    work.call('listProjects', { query }),
    work.call('listTags', { query }),
  ]);
  const shortId = shortIds(projects.items.map((each) => each.id));
  return work.fitting(200, async (fits) => {
    const some = projects.items.slice(0, fits);
    const names = tags.items.slice(0, fits);
    const more = (page: { items: unknown[]; next_cursor: string | null }, shown: number) =>
      page.next_cursor === null && shown === page.items.length ? `all ${shown}` : `the first ${shown}`;
    return work.reply(
      `${more(projects, some.length)} projects and ${more(tags, names.length)} tags, with open tasks.`,
      [
        ...some.map(
          ({ id: each, name, archived }) =>
            `@${quoted(name)} ${shortId(each)} ${projects.counts[each]?.open ?? 0}${archived ? ' archived' : ''}`,
        ),
        ...names.map(({ id: each, name }) => `#${quoted(name)} ${tags.counts[each]?.open ?? 0}`),
      ],
      {
        projects: some.map(({ id: each, name, archived }) => ({
          id: shortId(each),
          name,
          open: projects.counts[each]?.open ?? 0,
          ...(archived && { archived }),
        })),
        tags: names.map(({ id: each, name }) => ({ name, open: tags.counts[each]?.open ?? 0 })),
      },
    );
  });
}

interface FindActivity {
  task?: string;
  type?: Schemas['ChangeType'][];
  action?: Schemas['ChangeAction'][];
  actor_type?: Schemas['ActorType'][];
  client_id?: string;
  since?: string;
  until?: string;
  limit?: number;
  cursor?: string;
}

async function findActivity(work: Workspace, { task, limit = 25, ...query }: FindActivity): Promise<Reply> {
  const entity = task === undefined ? undefined : (await work.findTasks([task]))[0]?.id;
  const { time_zone } = await work.profile();
  return work.fitting(limit, async (fits) => {
    const page = await work.call('listActivity', {
      query: {
        ...query,
        limit: fits,
        include_total: true,
        ...(entity !== undefined && { entity_id: entity }),
      },
    });
    const titles = await work.titlesOf(
      page.items.flatMap((each) => (each.type === 'task' && each.entity_id) || []),
    );
    const changes = page.items.map(({ type, action, entity_id, fields, at, actor, request }) => {
      const { date, time } = localTime(new Date(at), time_zone);
      const all = Object.entries(fields).map(
        ([name, { from, to }]) => `${name} ${shortValue(from)} → ${shortValue(to)}`,
      );
      const changed = all.length > 8 ? [...all.slice(0, 8), `8 of ${all.length} fields`] : all;
      const title = titles.get(entity_id ?? '');
      const by = actor.type === 'client' ? `client ${quoted(clip(actor.id ?? '', 40))}` : actor.type;
      return {
        at: `${date} ${time}`,
        by,
        type,
        id: entity_id?.slice(-8) ?? null,
        ...(title !== undefined && { title: clip(title, 20) }),
        action,
        changed,
        request,
      };
    });
    const { next_cursor, total } = page;
    return work.reply(
      `${changes.length} of ${total} changes, the newest first.`,
      [
        ...changes.flatMap(({ at, by, type, id: each, title, action, changed, request }, index) => [
          // Once for all changes of a request that are listed together.
          ...(request !== null && request !== changes[index - 1]?.request ? [`Request ${request}:`] : []),
          `${at} by ${by}: ${type} ${each ?? ''}${title === undefined ? '' : ` ${quoted(title)}`} ${action}${changed.length > 0 ? `: ${changed.join('; ')}` : ''}`,
        ]),
        ...(next_cursor === null ? [] : [`More with cursor ${next_cursor}`]),
      ],
      { shown: changes.length, total, changes, ...(next_cursor !== null && { next_cursor }) },
    );
  });
}

async function getStats(work: Workspace, query: { from?: string; until?: string }): Promise<Reply> {
  const stats = await work.call('getStats', { query });
  const { by_status, by_priority, completions, streaks } = stats;
  const projects = stats.by_project.slice(0, 30);
  const names = new Map((await work.projects()).map(({ id: each, name }) => [each, name]));
  const nameOf = (each: string | null) => (each === null ? null : (names.get(each) ?? each.slice(-8)));
  const allBusy = completions.days.filter((day) => day.count > 0);
  const busy = allBusy.slice(-31);
  return work.reply(
    `${by_status.pending + by_status.in_progress} of ${stats.total} tasks are open, ${stats.overdue} overdue, ${stats.due_today} due today.`,
    [
      `completed ${by_status.completed}, cancelled ${by_status.cancelled}, in progress ${by_status.in_progress}`,
      `open by priority: ${Object.entries(by_priority)
        .map(([name, tally]) => `${name} ${tally.open}`)
        .join(', ')}`,
      ...(projects.length < stats.by_project.length
        ? [`${projects.length} of ${stats.by_project.length} projects:`]
        : []),
      ...projects.map(
        ({ project_id, open: still, completed }) =>
          `${project_id === null ? 'no project' : `@${quoted(nameOf(project_id) as string)}`}: ${still} open, ${completed} completed`,
      ),
      `${completions.total} completions from ${completions.from} to ${completions.until}${busy.length < allBusy.length ? `, the last ${busy.length} of ${allBusy.length} days with some` : ''}: ${busy
        .map((day) => `${day.date} ${day.count}`)
        .join(', ')}`,
      `streak ${streaks.current} days, longest ${streaks.longest}`,
    ],
    {
      total: stats.total,
      by_status,
      overdue: stats.overdue,
      due_today: stats.due_today,
      projects: projects.map(({ project_id, open: still, completed }) => ({
        project: nameOf(project_id),
        open: still,
        completed,
      })),
      completions: { from: completions.from, until: completions.until, total: completions.total },
      streaks,
    },
  );
}

/** The address of a task, for citations. */
function addressOf(work: Workspace, task: Task): string {
  return `${work.agent.url}/api/${encodeURIComponent(task.user_id)}/tasks/${task.id}`;
}

async function search(work: Workspace, { query }: { query: string }): Promise<Reply> {
  const page = await work.call('listTasks', {
    query: { q: query, sort: ['relevance'], limit: 20, include_archived: true },
  });
  const results = page.items.map((task) => ({ id: task.id, title: task.title, url: addressOf(work, task) }));
  return { text: JSON.stringify({ results }), data: { results } };
}

async function fetchTask(work: Workspace, args: { id: string }): Promise<Reply> {
  const [task] = (await work.findTasks([args.id])) as [Task];
  const { lines } = await taskDetails(work, task);
  const data = { id: task.id, title: task.title, text: lines.join('\n'), url: addressOf(work, task) };
  return { text: JSON.stringify(data), data };
}

/** The tools that read. Their schemas are made at the first use. */
export const readTools = (): readonly Tool[] => [
  tool<FindTasks>({
    name: 'find_tasks',
    title: 'Find tasks',
    description:
      'Finds tasks by words, dates, project, tags. Open tasks unless status or completed_* is given. With due_until, also later occurrences of repeating tasks.',
    scope: 'read',
    input: object({
      text: describe(text, 'Words in title, description or links'),
      ...pickQuery('listTasks', ['view', 'status', 'priority']),
      project: describe(text, 'Id or name; "none" for tasks without project'),
      parent: describe(text, 'Id of the parent task'),
      ...pickQuery(
        'listTasks',
        [
          'tags_all',
          'tags_any',
          'tags_none',
          'due_from',
          'due_until',
          'completed_after',
          'completed_before',
          'cursor',
        ],
        { completed_after: 'Instant with offset' },
      ),
      sort: describe(
        { type: 'array', items: text },
        'due, start, priority, title, created_at, updated_at, completed_at, position; - reverses',
      ),
      deleted: describe({ type: 'boolean' }, 'The trash; only with limit, and text or cursor'),
      limit: ofPage(100),
    }),
    output: tasksSchema,
    run: findTasks,
  }),
  tool<{ id: string }>({
    name: 'get_task',
    title: 'Get a task',
    description: 'All details of a task, with description, links, reminders and subtasks.',
    scope: 'read',
    input: object({ id }, ['id']),
    output: replySchema({ task: { type: 'object' } }),
    run: getTask,
  }),
  tool<{ date?: string }>({
    name: 'get_day',
    title: 'Get a day',
    description: 'Open tasks of a day; for today also overdue ones.',
    scope: 'read',
    input: object({ date: { type: 'string', format: 'date', description: 'Default today' } }),
    output: replySchema({
      shown: { type: 'integer' },
      total: { type: 'integer' },
      overdue: taskList,
      tasks: taskList,
      later_occurrences: laterSchema,
    }),
    run: getDay,
  }),
  tool<object>({
    name: 'list_projects_and_tags',
    title: 'List projects and tags',
    description: 'Projects and tags, with their numbers of open tasks.',
    scope: 'read',
    input: object({}),
    output: replySchema({ projects: list, tags: list }),
    run: listProjectsAndTags,
  }),
  tool<FindActivity>({
    name: 'find_activity',
    title: 'Find activity',
    description: 'The history of changes: who changed what and when, old and new values.',
    scope: 'read',
    input: object({
      task: id,
      ...pickQuery(
        'listActivity',
        ['type', 'action', 'actor_type', 'client_id', 'since', 'until', 'cursor'],
        { type: 'completion: of repeating tasks; for all completed tasks use find_tasks' },
      ),
      limit: ofPage(100),
    }),
    output: replySchema({ shown: { type: 'integer' }, total: { type: 'integer' }, changes: list }),
    run: findActivity,
  }),
  tool<{ from?: string; until?: string }>({
    name: 'get_stats',
    title: 'Get statistics',
    description: 'Numbers of tasks, completions in a range of days (default the last 30), streaks.',
    scope: 'read',
    input: object(pickQuery('getStats', ['from', 'until'])),
    output: replySchema({ total: { type: 'integer' }, projects: list }),
    run: getStats,
  }),
  tool<{ query: string }>({
    name: 'search',
    title: 'Search',
    description: 'Searches all tasks by words, for citations. Prefer find_tasks.',
    scope: 'read',
    input: object({ query: text }, ['query']),
    output: { type: 'object', properties: { results: list }, required: ['results'] },
    run: search,
  }),
  tool<{ id: string }>({
    name: 'fetch',
    title: 'Fetch',
    description: 'A result of search in full. Prefer get_task.',
    scope: 'read',
    input: object({ id: text }, ['id']),
    output: {
      type: 'object',
      properties: { id: text, title: text, text, url: text },
      required: ['id', 'title', 'text', 'url'],
    },
    run: fetchTask,
  }),
];
