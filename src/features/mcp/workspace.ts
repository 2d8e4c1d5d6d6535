/** What the tools of an agent share: calls of operations, ids and names, and the form of replies. */
import type { OperationId, Schemas } from '../../platform/contract/document/operations';
import type { ReplyBody, SuccessStatus } from '../../platform/contract/http/call';
import type { AnyProblem, Execute, OperationInput } from '../../platform/contract/http/execute';
import { ConfirmationNeeded, type Confirmations, type Confirmed, type UserAnswer } from './confirmation';
import { explain, type Naming, ToolError } from './problems';
import {
  dayText,
  endingOf,
  localTime,
  maxReplyTokens,
  mostTokens,
  quoted,
  shortIds,
  type TextContext,
  taskData,
  taskLine,
} from './text';

type Task = Schemas['Task'];
type Project = Schemas['Project'];

/** On whose behalf tools run. */
export interface Agent {
  /** Carries out operations of the contract for the user. */
  readonly execute: Execute;
  /** The address of the service, without a slash at the end. */
  readonly url: string;
  readonly now: () => Date;
  /** The idempotency key of the tool call, if the client sent one. A tool writes at most once. */
  readonly idempotencyKey?: string | undefined;
  /** The client that acts for the user; null if the token names none. */
  readonly clientId: string | null;
  readonly confirmations: Confirmations;
  /** The user's answer to the question that the client put to the user, if this is the call after it. */
  readonly userAnswer?: UserAnswer | undefined;
}

/** The result of a tool. */
export interface Reply {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const endingPattern = /^[0-9a-f]{8}$/;
const idForm = 'must be an id, or its last eight characters, such as 2b1c0d4e';

/** Requires that each text is an id or the last eight characters of one. */
function splitIds(ids: readonly string[]): { full: string[]; endings: string[] } {
  const wrong = ids.find((id) => !idPattern.test(id) && !endingPattern.test(id));
  if (wrong !== undefined) throw new ToolError(`${quoted(wrong.slice(0, 60))} ${idForm}.`);
  return {
    full: ids.filter((id) => idPattern.test(id)),
    endings: ids.filter((id) => endingPattern.test(id)),
  };
}

// Lists of tasks can be asked for by at most so many ids.
const mostIds = 50;

/** Divides ids into parts with which lists can be asked for. */
function partsOf(ids: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let start = 0; start < ids.length; start += mostIds) parts.push(ids.slice(start, start + mostIds));
  return parts;
}

const matches = (given: string) => (each: { id: string }) => given === each.id || given === endingOf(each.id);

/** The one item that each id names. @throws ToolError if there is none, or several */
function eachNamed<T extends { id: string }>(
  ids: readonly string[],
  items: readonly T[],
  { kind, where, nameOf }: { kind: string; where: string; nameOf: (item: T) => string },
): T[] {
  return ids.map((given) => {
    const found = items.filter(matches(given));
    if (found.length > 1) {
      const list = found.map((each) => `${each.id} ${quoted(nameOf(each))}`).join('\n');
      throw new ToolError(`Several ${kind}s have ids that end with ${given}. Use a whole id:\n${list}`);
    }
    if (!found[0]) throw new ToolError(`No ${kind} has the id ${given}. ${where}`);
    return found[0];
  });
}

function remembered<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

/** What a reply with tasks has besides them. */
interface ReplyOptions {
  /** The number of all tasks. */
  readonly total?: number;
  readonly next_cursor?: string | null;
  /** The id of the request of a write. */
  readonly request?: string | undefined;
  /** What follows the tasks. */
  readonly more?: { readonly lines: readonly string[]; readonly data: object };
  /** What follows the lines and the fields of single tasks, by their ids. */
  readonly suffixes?: ReadonlyMap<string, { readonly text: string; readonly data: object }>;
}

export type Workspace = ReturnType<typeof createWorkspace>;

/** Opens a workspace for one call of a tool. */
export function createWorkspace(agent: Agent) {
  const { execute } = agent;

  /** Carries out an operation. @throws ToolError with an explanation of its problem */
  async function call<Id extends OperationId>(
    id: Id,
    input?: OperationInput<Id>,
    naming?: Naming,
  ): Promise<ReplyBody<Id, SuccessStatus<Id>>> {
    const answer = await execute(id, input);
    if ('problem' in answer) throw new ToolError(explain(answer.problem, naming));
    return answer.body;
  }

  /** All items of a list that has pages. */
  async function listAll<T>(
    load: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor: string | null }>,
  ): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page = await load(cursor);
      items.push(...page.items);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return items;
  }

  const profile = remembered(() => call('getProfile'));
  const projects = remembered(() =>
    listAll<Project>((cursor) => call('listProjects', { query: { limit: 200, ...(cursor && { cursor }) } })),
  );

  /** The tasks with these ids, in their order. */
  async function findTasks(ids: readonly string[]): Promise<Task[]> {
    const { full, endings } = splitIds(ids);
    const pages = await Promise.all([
      full.length === 0 ? [] : listAll<Task>(() => call('listTasks', { query: { id: full } })),
      endings.length === 0
        ? []
        : listAll<Task>((cursor) =>
            call('listTasks', { query: { id_ends_with: endings, limit: 200, ...(cursor && { cursor }) } }),
          ),
    ]);
    return eachNamed(ids, pages.flat(), {
      kind: 'task',
      where: 'Find the task with find_tasks first. A deleted task can be restored with restore_tasks.',
      nameOf: ({ title }) => title,
    });
  }

  /** The ids of tasks that were deleted lately, also of subtasks that were deleted with their parents. */
  async function deletedLately(): Promise<string[]> {
    const { items } = await call('listActivity', {
      query: { type: ['task'], action: ['deleted'], limit: 200 },
    });
    return [...new Set(items.flatMap(({ entity_id }) => entity_id ?? []))];
  }

  /**
   * The ids of tasks in the trash, each parent before its subtasks.
   * @returns `withParents`: how many are left out, because they were deleted with another one of these tasks and come back
   *   with it
   */
  async function findDeleted(ids: readonly string[]): Promise<{ ids: string[]; withParents: number }> {
    const { endings } = splitIds(ids);
    const listed = await listAll((cursor) =>
      call('listTrash', {
        query: { id_ends_with: [...new Set(ids.map(endingOf))], limit: 200, ...(cursor && { cursor }) },
      }),
    );
    const deletions = new Map(listed.map(({ task }) => [task.id, task]));
    const unlisted = endings.filter((given) => !listed.some(({ task }) => matches(given)(task)));
    const others = unlisted.length === 0 ? [] : await deletedLately();
    const found = eachNamed(
      endings,
      [...new Set([...deletions.keys(), ...others])].map((id) => ({ id })),
      {
        kind: 'deleted task',
        where: 'A subtask comes back with the parent with which it was deleted.',
        nameOf: ({ id }) => deletions.get(id)?.title ?? '',
      },
    );
    const named = ids.map((given) => found.find(matches(given))?.id ?? given);
    if (named.length === 1) return { ids: named, withParents: 0 };

    const loaded = new Map<string, Promise<Task | undefined>>();
    const load = (id: string) => {
      const known = deletions.get(id);
      if (known) return Promise.resolve(known);
      const loading =
        loaded.get(id) ??
        execute('getDeletedTask', { path: { task_id: id } }).then((answer) =>
          'problem' in answer ? undefined : answer.body,
        );
      loaded.set(id, loading);
      return loading;
    };
    const above = await Promise.all(
      named.map(async (id) => {
        let number = 0;
        for (let at = (await load(id))?.parent_id; at != null; at = (await load(at))?.parent_id) {
          if (named.includes(at)) number += 1;
        }
        return { id, number };
      }),
    );
    const own = above.filter(({ id, number }) => number === 0 || deletions.has(id));
    return {
      ids: own.toSorted((one, other) => one.number - other.number).map(({ id }) => id),
      withParents: named.length - own.length,
    };
  }

  /** The present titles of tasks by their ids, also of those in the trash. Purged ones have none. */
  async function titlesOf(ids: readonly string[]): Promise<Map<string, string>> {
    const titles = new Map<string, string>();
    const keep = (tasks: readonly Pick<Task, 'id' | 'title'>[]) => {
      for (const { id, title } of tasks) titles.set(id, title);
    };
    for (const part of partsOf([...new Set(ids)])) {
      keep((await call('listTasks', { query: { id: part, limit: mostIds } })).items);
    }
    for (const part of partsOf([...new Set(ids)].filter((id) => !titles.has(id)).map(endingOf))) {
      const page = await call('listTrash', { query: { id_ends_with: part, limit: mostIds } });
      keep(page.items.map(({ task }) => task));
    }
    return titles;
  }

  /** How many of the other tasks each of the tasks is below, by its id. */
  async function levelsOf(tasks: readonly Task[]): Promise<Map<string, number>> {
    const given = new Set(tasks.map(({ id }) => id));
    if (given.size < 2) return new Map([...given].map((id) => [id, 0]));
    const parents = new Map(tasks.map(({ id, parent_id }) => [id, parent_id]));
    const isKnown = (id: string | null | undefined) => id === null || id === undefined || parents.has(id);
    // Tasks have at most five levels.
    for (let unknown = [...parents.values()].filter((id) => !isKnown(id)); unknown.length > 0; ) {
      const found: Task[] = [];
      for (const part of partsOf([...new Set(unknown as string[])])) {
        found.push(...(await call('listTasks', { query: { id: part, limit: mostIds } })).items);
      }
      for (const { id, parent_id } of found) parents.set(id, parent_id);
      unknown = found.map(({ parent_id }) => parent_id).filter((id) => !isKnown(id));
    }
    const levelOf = (id: string): number => {
      const parent = parents.get(id);
      return parent == null ? 0 : levelOf(parent) + (given.has(parent) ? 1 : 0);
    };
    return new Map([...given].map((id) => [id, levelOf(id)]));
  }

  /** The id of the project with this id, or this name without regard to case. */
  async function projectId(given: string): Promise<string> {
    const all = await projects();
    const isId = idPattern.test(given) || endingPattern.test(given);
    const byId = isId ? all.filter(matches(given)) : [];
    const found =
      byId.length > 0 ? byId : all.filter(({ name }) => name.toLowerCase() === given.toLowerCase());
    if (found.length === 1) return (found[0] as Project).id;
    if (found.length > 1) {
      const list = found.map(({ id, name }) => `${id} ${quoted(name)}`).join('\n');
      throw new ToolError(`Several projects match ${quoted(given)}. Use an id:\n${list}`);
    }
    const names = all.slice(0, 30).map(({ name }) => quoted(name));
    throw new ToolError(
      `No project matches ${quoted(given)}. ` +
        (names.length === 0 ? 'There are no projects.' : `There are: ${names.join(', ')}. `) +
        'save_project makes a new one.',
    );
  }

  /** What texts of these tasks depend on. */
  async function contextOf(tasks: readonly Task[]): Promise<TextContext> {
    const needsProjects = tasks.some(({ project_id }) => project_id !== null);
    const [{ time_zone }, all] = await Promise.all([profile(), needsProjects ? projects() : []]);
    const names = new Map(all.map(({ id, name }) => [id, name]));
    const ids = tasks.flatMap(({ id, parent_id }) => (parent_id === null ? [id] : [id, parent_id]));
    return {
      timeZone: time_zone,
      projectName: (id) => names.get(id) ?? endingOf(id),
      shortId: shortIds(ids),
    };
  }

  /** Tasks and their lines by their ids, of the first 50 that are not deleted. */
  async function linesOf(ids: readonly string[]): Promise<Map<string, { task: Task; line: string }>> {
    const [part] = partsOf([...new Set(ids)]);
    if (part === undefined) return new Map();
    const { items } = await call('listTasks', { query: { id: part, limit: mostIds } });
    const context = await contextOf(items);
    return new Map(items.map((task) => [task.id, { task, line: taskLine(task, context) }]));
  }

  /** The first line and the first fields of each reply. */
  async function heading(): Promise<{ line: string; data: { now: string; time_zone: string } }> {
    const { time_zone } = await profile();
    const { date, time } = localTime(agent.now(), time_zone);
    return {
      line: `Now ${dayText(date)} ${time} ${time_zone}.`,
      data: { now: `${date} ${time}`, time_zone },
    };
  }

  /** @param request the id of the request of a write, for `undo_changes` */
  async function reply(
    summary: string,
    lines: readonly string[],
    data: Reply['data'],
    request?: string,
  ): Promise<Reply> {
    const head = await heading();
    const undoable = request === undefined ? '' : ` Request ${request}.`;
    return {
      text: [`${head.line} ${summary}${undoable}`, ...lines].join('\n'),
      data: { ...head.data, ...data, ...(request !== undefined && { request }) },
    };
  }

  /** A reply with tasks. */
  async function replyWithTasks(
    summary: string,
    tasks: readonly Task[],
    {
      total = tasks.length,
      next_cursor = null,
      request,
      more = { lines: [], data: {} },
      suffixes = new Map(),
    }: ReplyOptions = {},
  ): Promise<Reply> {
    const context = await contextOf(tasks);
    return reply(
      summary,
      [
        ...tasks.map((task) => taskLine(task, context) + (suffixes.get(task.id)?.text ?? '')),
        ...more.lines,
        ...(next_cursor === null ? [] : [`More with cursor ${next_cursor}`]),
      ],
      {
        shown: tasks.length,
        total,
        tasks: tasks.map((task) => ({ ...taskData(task, context), ...suffixes.get(task.id)?.data })),
        ...more.data,
        ...(next_cursor !== null && { next_cursor }),
      },
      request,
    );
  }

  /** The reply for as many items, up to `limit`, as fit into a reply. `make` loads them and makes the reply. */
  async function fitting(limit: number, make: (limit: number) => Promise<Reply>): Promise<Reply> {
    const made = await make(limit);
    const tokens = mostTokens(made.text) + mostTokens(JSON.stringify(made.data));
    if (tokens <= maxReplyTokens || limit === 1) return made;
    return fitting(Math.max(1, Math.min(limit - 1, Math.floor((limit * maxReplyTokens) / tokens))), make);
  }

  /**
   * Applies operations, all or none.
   * @param key the idempotency key, if it is not that of the tool call
   * @returns the entities after them, null for a deleted one, and the id of the request
   */
  async function write<T = Task>(
    operations: readonly object[],
    naming: Naming,
    key = agent.idempotencyKey,
  ): Promise<{ results: T[]; request: string | undefined; replayed: boolean }> {
    const answer = await execute('applyBatch', { body: { operations }, idempotencyKey: key });
    if ('problem' in answer)
      throw new ToolError(`${explain(answer.problem as AnyProblem, naming)}\nNothing was changed.`);
    const { body, request, replayed = false } = answer;
    return { results: body.results.map((each) => each.body as T), request, replayed };
  }

  /**
   * Requires that the user confirmed a call.
   * @param handle that the call has as its argument `confirm`
   * @returns the idempotency key of the confirmed write
   * @throws ConfirmationNeeded if the user was not asked yet, ToolError if the user declined or the handle is not valid
   */
  async function confirmed(
    handle: string | undefined,
    asked: Confirmed & { question: string; lines: readonly string[]; data: Reply['data'] },
  ): Promise<string> {
    const { confirmations, userAnswer } = agent;
    if (userAnswer?.agrees === false) throw new ToolError('The user declined. Nothing was changed.');
    const given = userAnswer?.handle ?? handle;
    if (given !== undefined) {
      const state = confirmations.check(given, asked);
      if (state === 'valid') return `confirmed-${given}`;
      throw new ToolError(
        `confirm: ${state === 'expired' ? 'is older than five minutes' : 'was not made for this call'}. Nothing was changed. Call ${asked.tool} without confirm to get a new one.`,
      );
    }
    const made = confirmations.issue(asked);
    const shown = await reply(
      `Nothing was changed yet. Show the user these tasks and ask: ${asked.question} If the user agrees, or asked for exactly this before, call ${asked.tool} with the same ids and confirm ${made} within five minutes.`,
      asked.lines,
      { ...asked.data, confirm: made },
    );
    throw new ConfirmationNeeded(made, asked.question, shown);
  }

  return {
    agent,
    call,
    listAll,
    profile,
    projects,
    findTasks,
    findDeleted,
    titlesOf,
    levelsOf,
    linesOf,
    projectId,
    contextOf,
    reply,
    replyWithTasks,
    fitting,
    write,
    confirmed,
  };
}
