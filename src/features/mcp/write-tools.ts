/** The tools that write. Each writes at most once, with a batch: all of its items or none. */
import type { Schemas } from '../../platform/contract/document/operations';
import { nextOf } from './coming';
import { type Naming, plainName, ToolError } from './problems';
import { describe, object, type Properties, pick } from './schema';
import { clip, count, endingOf, quoted, shortIds, whenText } from './text';
import { replySchema, type Tool, taskList, tool, writtenSchema } from './tool';
import { undoTool } from './undo-tool';
import type { Reply, Workspace } from './workspace';

type Task = Schemas['Task'];

const most = 50;
const text = { type: 'string' };
const id = describe(text, 'Id, or its last 8 characters');
const ids = { type: 'array', items: text, minItems: 1, maxItems: most };
const listOf = (properties: Properties, required: readonly string[]) => ({
  type: 'array',
  items: object(properties, required),
  minItems: 1,
  maxItems: most,
});

// The names of arguments that differ from those of the contract.
const ownNames: Readonly<Record<string, string>> = { project_id: 'project', parent_id: 'parent' };

/**
 * Names the argument for a pointer into a batch: `/body/operations/3/task/project_id` → `tasks[3].project`.
 * @param itemOf the index of the item for an operation, if they differ
 */
const namingIn =
  (list: 'tasks' | 'ids', itemOf: (operation: number) => number = (index) => index): Naming =>
  (pointer) => {
    const [, , holder, index, part = '', ...below] = pointer.split('/');
    if (holder !== 'operations' || index === undefined) return plainName(pointer);
    const fields = part === 'task' || part === 'to' ? below : [part, ...below];
    const name = fields
      .filter((each) => each !== '')
      .map((each) => ownNames[each] ?? each)
      .join('.');
    return `${list}[${itemOf(Number(index))}]${name === '' ? '' : `.${name}`}`;
  };

/** The items without repetition of their ids. */
function assertDistinct(given: readonly string[]): void {
  const repeated = given.find((each, index) => given.indexOf(each) !== index);
  if (repeated !== undefined) throw new ToolError(`The id ${repeated} occurs twice. Name each task once.`);
}

/** What a reply to a write says. */
interface Written {
  /** What was done, such as "completed". */
  readonly done: string;
  /** How many more tasks were named, which follow their parents. */
  readonly withParents?: number;
  /** Whether an operation changes tasks of other operations too, so that its result can be outdated. */
  readonly isNested?: boolean;
  /** Tasks whose description is shown. */
  readonly described?: ReadonlySet<string>;
}

async function writeTasks(
  work: Workspace,
  operations: readonly object[],
  naming: Naming,
  { done, withParents = 0, isNested = false, described = new Set() }: Written,
): Promise<Reply> {
  const { results, request } = await work.write(operations, naming);
  const tasks = isNested ? await work.findTasks(results.map((task) => task.id)) : results;
  const named = operations.length + withParents;
  const along = withParents > 0 ? `, ${withParents} of them with their parents` : '';
  const summary = `${tasks.length + withParents} of ${named} task${named === 1 ? '' : 's'} ${done}${along}.`;
  const suffixes = await suffixesOf(work, tasks, described);
  return work.fitting(tasks.length, (limit) =>
    work.replyWithTasks(summary, tasks.slice(0, limit), { total: tasks.length, request, suffixes }),
  );
}

/** What follows the lines of tasks after a write: when a repeating task is due next, and a description that was changed. */
async function suffixesOf(work: Workspace, tasks: readonly Task[], described: ReadonlySet<string>) {
  const [next, { time_zone: own }] = await Promise.all([nextOf(work, tasks), work.profile()]);
  return new Map(
    tasks.map(({ id, description }) => {
      const later = next.get(id);
      const shown = described.has(id) && description !== null ? clip(description, 60) : undefined;
      return [
        id,
        {
          text: [
            ...(later ? [` next ${whenText(later.due_date, later.due_time, later.time_zone, own)}`] : []),
            ...(shown === undefined ? [] : [` description ${quoted(shown)}`]),
          ].join(''),
          data: {
            ...(later && {
              next: later.due_time === null ? later.due_date : `${later.due_date} ${later.due_time}`,
            }),
            ...(shown !== undefined && { description: shown }),
          },
        },
      ];
    }),
  );
}

/** The ids of the projects and parents that items name. `none` is null. */
async function placesOf(
  work: Workspace,
  { project, parent }: { project?: string; parent?: string },
): Promise<{ project_id?: string | null; parent_id?: string | null }> {
  const none = 'none';
  return {
    ...(project !== undefined && { project_id: project === none ? null : await work.projectId(project) }),
    ...(parent !== undefined && {
      parent_id: parent === none ? null : ((await work.findTasks([parent]))[0]?.id as string),
    }),
  };
}

type NewTask = Pick<Partial<Schemas['TaskCreate']>, 'description' | 'priority' | 'tags' | 'due_date'> & {
  title: string;
  project?: string;
  parent?: string;
};

async function addTasks(work: Workspace, { tasks }: { tasks: NewTask[] }): Promise<Reply> {
  const operations: object[] = [];
  for (const { project, parent, ...task } of tasks) {
    const places = await placesOf(work, { ...(project && { project }), ...(parent && { parent }) });
    operations.push({ op: 'create_task', task: { ...task, ...places } });
  }
  return writeTasks(work, operations, namingIn('tasks'), { done: 'added' });
}

interface TaskChange {
  id: string;
  description?: string | null;
  append_description?: string;
  add_tags?: string[];
  remove_tags?: string[];
}

/** Tags with more or fewer of them. Case does not matter. */
function changedTags(
  tags: readonly string[],
  more: readonly string[] = [],
  fewer: readonly string[] = [],
): string[] {
  const names = (list: readonly string[]) => new Set(list.map((tag) => tag.toLowerCase()));
  const [present, gone] = [names(tags), names(fewer)];
  return [...tags, ...more.filter((tag) => !present.has(tag.toLowerCase()))].filter(
    (tag) => !gone.has(tag.toLowerCase()),
  );
}

/** Changes tasks. @param items each with the id of a task and the fields to change */
async function changeTasks(work: Workspace, items: readonly TaskChange[], done: string): Promise<Reply> {
  const found = await work.findTasks(items.map((item) => item.id));
  assertDistinct(found.map((task) => task.id));
  const operations = items.map(
    ({ id: _, add_tags, remove_tags, append_description: more, ...task }, index) => {
      const current = found[index] as Task;
      const tags = add_tags || remove_tags ? changedTags(current.tags, add_tags, remove_tags) : undefined;
      const { description = current.description } = task;
      const appended = more === undefined ? undefined : [description ?? [], more].flat().join('\n');
      const fields = {
        ...task,
        ...(tags && { tags }),
        ...(appended !== undefined && { description: appended }),
      };
      return { op: 'update_task', id: current.id, task: fields };
    },
  );
  const described = new Set(
    operations.flatMap(({ id: each, task }) => ('description' in task ? [each] : [])),
  );
  return writeTasks(work, operations, namingIn('tasks'), { done, described });
}

interface Named {
  ids: string[];
}
interface OfOccurrence extends Named {
  occurrence?: string;
  occurrence_time?: string;
}

/** The tasks that are named, each once, with how many of the others each is below. */
async function distinctTasks(work: Workspace, given: readonly string[]) {
  const tasks = await work.findTasks(given);
  assertDistinct(tasks.map((task) => task.id));
  return { tasks, levels: await work.levelsOf(tasks) };
}

/**
 * Applies an operation to each task.
 * @param order if a task and its subtasks are named, those that change first. The operation can then change the others too.
 */
async function forEachTask(
  work: Workspace,
  given: Named,
  { done, order }: { done: string; order: 'parents-first' | 'subtasks-first' },
  operationOf: (task: Task) => object,
): Promise<Reply> {
  const { tasks, levels } = await distinctTasks(work, given.ids);
  const sign = order === 'parents-first' ? 1 : -1;
  const levelOf = ({ id: each }: Task) => levels.get(each) ?? 0;
  const ordered = tasks.toSorted((one, other) => sign * (levelOf(one) - levelOf(other)));
  const isNested = tasks.some((task) => levelOf(task) > 0);
  const naming = namingIn('ids', (index) => tasks.indexOf(ordered[index] as Task));
  return writeTasks(work, ordered.map(operationOf), naming, { done, isNested });
}

async function completeTasks(work: Workspace, { ids: given, ...rest }: OfOccurrence): Promise<Reply> {
  // A repeating task opens its subtasks again when it moves on.
  const options = { done: 'completed', order: 'subtasks-first' } as const;
  return forEachTask(work, { ids: given }, options, (task) => ({
    op: 'complete_task',
    id: task.id,
    completed: true,
    ...rest,
  }));
}

async function reopenTasks(work: Workspace, { ids: given, ...rest }: OfOccurrence): Promise<Reply> {
  return forEachTask(work, { ids: given }, { done: 'reopened', order: 'parents-first' }, (task) =>
    task.status === 'cancelled'
      ? { op: 'update_task', id: task.id, task: { status: 'pending' } }
      : { op: 'complete_task', id: task.id, completed: false, ...rest },
  );
}

async function skipOccurrences(work: Workspace, { ids: given, ...rest }: OfOccurrence): Promise<Reply> {
  const options = { done: 'moved to the next occurrence', order: 'subtasks-first' } as const;
  return forEachTask(work, { ids: given }, options, (task) => ({
    op: 'skip_occurrence',
    id: task.id,
    ...rest,
  }));
}

interface Move extends Named {
  project?: string;
  parent?: string;
  before?: string;
  after?: string;
}

async function moveTasks(work: Workspace, { ids: given, before, after, ...place }: Move): Promise<Reply> {
  const idOf = async (each: string) => (await work.findTasks([each]))[0]?.id;
  const to = {
    ...(await placesOf(work, place)),
    ...(before !== undefined && { before: await idOf(before) }),
  };
  const first = after === undefined ? undefined : await idOf(after);
  const { tasks: named, levels } = await distinctTasks(work, given);
  // Subtasks follow their parent to a project or to another parent, so those that are named too stay with it.
  const follow =
    (place.project !== undefined || (place.parent ?? 'none') !== 'none') &&
    before === undefined &&
    after === undefined;
  const tasks = follow ? named.filter((task) => levels.get(task.id) === 0) : named;
  const operations = tasks.map((task, index) => ({
    op: 'move_task',
    id: task.id,
    // Each task moves after the one before it, so that they keep their order.
    to: { ...to, ...(first !== undefined && { after: index === 0 ? first : tasks[index - 1]?.id }) },
  }));
  const naming = namingIn('ids', (index) => named.indexOf(tasks[index] as Task));
  return writeTasks(work, operations, naming, {
    done: 'moved',
    withParents: named.length - tasks.length,
  });
}

interface Delete extends Named {
  confirm?: string;
}

/**
 * Deletes tasks. If several tasks would be deleted, subtasks included, the user must confirm it. The number of subtasks is part
 * of what is confirmed.
 */
async function deleteTasks(work: Workspace, { ids: given, confirm }: Delete): Promise<Reply> {
  const { tasks: named, levels } = await distinctTasks(work, given);
  // A task takes its subtasks along, so those that are named too are not deleted a second time.
  const tasks = named.filter((task) => levels.get(task.id) === 0);
  const ids = tasks.map((task) => task.id);
  const counts = await work.call('listTasks', {
    query: { id: ids, include_subtask_counts: true, limit: most },
  });
  const subtasks = Object.values(counts.subtask_counts ?? {}).reduce(
    (sum, each) => sum + each.open + each.done,
    0,
  );
  const shortId = shortIds(ids);
  const lines = tasks.map((task) => `${shortId(task.id)} ${quoted(task.title)}`);
  const all = `${named.length} of ${given.length} task${given.length === 1 ? '' : 's'}`;
  const data = {
    shown: tasks.length,
    total: given.length,
    tasks: ids.map((each) => ({ id: shortId(each) })),
  };
  const isSeveral = named.length > 1 || subtasks > 0;
  const key = isSeveral
    ? await work.confirmed(confirm, {
        tool: 'delete_tasks',
        subject: [ids.toSorted(), subtasks],
        question: `Move ${count(tasks.length, 'task')}${subtasks > 0 ? ` with ${count(subtasks, 'subtask')}` : ''} to the trash?`,
        lines,
        data,
      })
    : undefined;
  const { request, replayed } = await work.write(
    ids.map((each) => ({ op: 'delete_task', id: each })),
    namingIn('ids'),
    key,
  );
  // A call that is repeated with its own idempotency key gets the reply again, like each other write.
  if (key !== undefined && replayed && work.agent.idempotencyKey === undefined) {
    throw new ToolError('This confirmation was used before. Nothing was changed now.');
  }
  return work.reply(
    `${all}, with their subtasks, are now in the trash. restore_tasks brings them back.`,
    lines,
    data,
    request,
  );
}

async function restoreTasks(work: Workspace, { ids: given }: Named): Promise<Reply> {
  const { ids: deleted, withParents } = await work.findDeleted(given);
  assertDistinct(deleted);
  const operations = deleted.map((each) => ({ op: 'restore_task', id: each }));
  const naming = namingIn('ids', (index) => given.findIndex((each) => deleted[index]?.endsWith(each)));
  return writeTasks(work, operations, naming, { done: 'restored', withParents });
}

/** The number of open tasks in a project, also if it is archived. */
async function openTasksIn(work: Workspace, id: string): Promise<number> {
  const query = { project_id: [id], status: ['pending', 'in_progress'], include_archived: true };
  const page = await work.call('listTasks', { query: { ...query, limit: 1, include_total: true } as never });
  return page.total ?? 0;
}

async function saveProject(
  work: Workspace,
  { id: given, ...project }: { id?: string; name?: string; color?: string | null; archived?: boolean },
): Promise<Reply> {
  const operation =
    given === undefined
      ? { op: 'create_project', project }
      : { op: 'update_project', id: await work.projectId(given), project };
  const { results, request } = await work.write<Schemas['Project']>([operation], (pointer) =>
    plainName(pointer).replace(/^operations\.0(\.project)?\.?/, ''),
  );
  const [saved] = results as [Schemas['Project']];
  const hidden = project.archived === true ? await openTasksIn(work, saved.id) : 0;
  return work.reply(
    `1 of 1 project ${given === undefined ? 'added' : 'changed'}.${hidden > 0 ? ` ${count(hidden, 'open task')} in it no longer shown by find_tasks and get_day.` : ''}`,
    [`@${quoted(saved.name)} ${endingOf(saved.id)}${saved.archived ? ' archived' : ''}`],
    { project: { id: endingOf(saved.id), name: saved.name, color: saved.color, archived: saved.archived } },
    request,
  );
}

async function saveTag(
  work: Workspace,
  { tag: given, ...tag }: { tag: string; name?: string; color?: string | null },
): Promise<Reply> {
  const tags = await work.listAll((cursor) =>
    work.call('listTags', { query: { limit: 200, ...(cursor && { cursor }) } }),
  );
  const found = tags.find(({ name }) => name.toLowerCase() === given.toLowerCase());
  if (!found) {
    throw new ToolError(
      `No tag has the name ${quoted(given)}. A tag is made when a task gets it (update_tasks).`,
    );
  }
  const { results, request } = await work.write<Schemas['Tag']>(
    [{ op: 'update_tag', id: found.id, tag }],
    (pointer) => plainName(pointer).replace(/^operations\.0(\.tag)?\.?/, ''),
  );
  const [saved] = results as [Schemas['Tag']];
  return work.reply(
    '1 of 1 tag changed.',
    [`#${quoted(saved.name)}`],
    { tag: { name: saved.name, color: saved.color } },
    request,
  );
}

const dates = ['due_date', 'due_time', 'time_zone', 'start_date', 'start_time'] as const;
const rules = ['rrule', 'repeat_from'] as const;
const zone = { time_zone: 'IANA; null floats' };
const occurrence = pick('BatchCompleteTask', ['occurrence', 'occurrence_time'], {
  occurrence: 'Due date of another occurrence than the current one',
});

/** The tools that write. Their schemas are made at the first use. */
export const writeTools = (): readonly Tool[] => [
  tool<{ tasks: NewTask[] }>({
    name: 'add_tasks',
    title: 'Add tasks',
    description: 'Adds tasks or subtasks.',
    scope: 'write',
    input: object(
      {
        tasks: listOf(
          {
            ...pick('TaskCreate', ['title', 'description', 'priority', 'tags', ...dates, ...rules], {
              rrule: 'RFC 5545, e.g. FREQ=WEEKLY;BYDAY=MO; needs due_date',
              ...zone,
            }),
            project: describe(text, 'Id or name'),
            parent: id,
            ...pick('TaskCreate', ['reminders']),
          },
          ['title'],
        ),
      },
      ['tasks'],
    ),
    output: writtenSchema,
    run: addTasks,
  }),
  tool<{ tasks: TaskChange[] }>({
    name: 'update_tasks',
    title: 'Update tasks',
    description: 'Changes fields. Not dates: use reschedule_tasks. Lists are replaced.',
    scope: 'write',
    destructive: true,
    idempotent: true,
    input: object(
      {
        tasks: listOf(
          {
            id,
            ...pick('TaskPatch', ['title', 'description', 'priority', 'status', 'tags', ...rules, 'links'], {
              tags: 'Replaces all tags',
              rrule: 'null ends the repetition',
            }),
            append_description: describe(text, 'Added as a new line'),
            add_tags: { type: 'array', items: text },
            remove_tags: { type: 'array', items: text },
          },
          ['id'],
        ),
      },
      ['tasks'],
    ),
    output: writtenSchema,
    run: (work, { tasks }) => changeTasks(work, tasks, 'changed'),
  }),
  tool<{ tasks: { id: string }[] }>({
    name: 'reschedule_tasks',
    title: 'Reschedule tasks',
    description:
      'Changes dates and times; keeps repetition. What is left out stays; null removes. A new date moves one occurrence, a new time also the later ones.',
    scope: 'write',
    destructive: true,
    idempotent: true,
    input: object({ tasks: listOf({ id, ...pick('TaskPatch', dates, zone) }, ['id']) }, ['tasks']),
    output: writtenSchema,
    run: (work, { tasks }) => changeTasks(work, tasks, 'rescheduled'),
  }),
  tool<OfOccurrence>({
    name: 'complete_tasks',
    title: 'Complete tasks',
    description: 'Completes tasks. A repeating task moves to its next occurrence.',
    scope: 'write',
    input: object({ ids, ...occurrence }, ['ids']),
    output: writtenSchema,
    run: completeTasks,
  }),
  tool<OfOccurrence>({
    name: 'reopen_tasks',
    title: 'Reopen tasks',
    description: 'Opens completed or cancelled tasks again; for a repeating task name the occurrence.',
    scope: 'write',
    idempotent: true,
    input: object({ ids, ...occurrence }, ['ids']),
    output: writtenSchema,
    run: reopenTasks,
  }),
  tool<Move>({
    name: 'move_tasks',
    title: 'Move tasks',
    description: 'Moves tasks to a project, parent or position.',
    scope: 'write',
    idempotent: true,
    input: object(
      {
        ids,
        project: describe(text, 'Id, name or "none"'),
        parent: describe(text, 'Id or "none"'),
        before: describe(text, 'Id of a task'),
        after: describe(text, 'Id of a task'),
      },
      ['ids'],
    ),
    output: writtenSchema,
    run: moveTasks,
  }),
  tool<Delete>({
    name: 'delete_tasks',
    title: 'Delete tasks',
    description:
      'Moves tasks to the trash, with their subtasks: naming the parents is enough. For several, the first call only asks.',
    scope: 'write',
    destructive: true,
    input: object(
      { ids, confirm: describe(text, 'From the first reply, if the user agrees or asked for exactly this') },
      ['ids'],
    ),
    output: replySchema({
      shown: { type: 'integer' },
      total: { type: 'integer' },
      tasks: taskList,
      request: text,
      confirm: text,
    }),
    run: deleteTasks,
  }),
  tool<Named>({
    name: 'restore_tasks',
    title: 'Restore tasks',
    description: 'Brings tasks back from the trash.',
    scope: 'write',
    input: object({ ids }, ['ids']),
    output: writtenSchema,
    run: restoreTasks,
  }),
  tool<OfOccurrence>({
    name: 'skip_occurrences',
    title: 'Skip occurrences',
    description: 'Moves repeating tasks to their next occurrence without completing them.',
    scope: 'write',
    input: object({ ids, ...occurrence }, ['ids']),
    output: writtenSchema,
    run: skipOccurrences,
  }),
  tool<{ id?: string; name?: string; color?: string | null; archived?: boolean }>({
    name: 'save_project',
    title: 'Save a project',
    description: 'Makes a project, or with an id changes it.',
    scope: 'write',
    destructive: true,
    input: object({ id, ...pick('ProjectPatch', ['name', 'color', 'archived'], { color: '#rrggbb' }) }),
    output: replySchema({ project: { type: 'object' }, request: text }),
    run: saveProject,
  }),
  tool<{ tag: string; name?: string; color?: string | null }>({
    name: 'save_tag',
    title: 'Save a tag',
    description: 'Renames or colors a tag.',
    scope: 'write',
    destructive: true,
    idempotent: true,
    input: object({ tag: describe(text, 'Present name'), ...pick('TagPatch', ['name', 'color']) }, ['tag']),
    output: replySchema({ tag: { type: 'object' }, request: text }),
    run: saveTag,
  }),
  undoTool(),
];
