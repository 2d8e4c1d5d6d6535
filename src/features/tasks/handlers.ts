import { v7 as uuidv7 } from 'uuid';
import { type Range, rangesIn } from '../../domain/text/highlights';
import { type Term, termsOf } from '../../domain/text/words';
import { instantOf } from '../../domain/time/instant';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { inBody } from '../../platform/contract/document/validation-errors';
import type { Call, Handlers, Reply } from '../../platform/contract/http/call';
import { startOf, toPage, wrongCursor } from '../../platform/contract/pagination/page';
import type { Lane } from '../../platform/database/lane';
import { completedAhead } from '../completions/repository';
import { findTimeZone } from '../profile/repository';
import { nearWords, type TextSearch } from '../search/repository';
import { tagKey } from '../tags/names';
import { changeTask, completeTask, createTask, moveTask, skipTask, type TaskOutcome } from './commands';
import { deleteTask } from './delete';
import { duplicateTask } from './duplicate';
import { addressOf, toOccurrence, toTask } from './mapper';
import { orderOf } from './order';
import { comingOccurrences, goesOn } from './recurrence';
import {
  countSubtasks,
  countTasks,
  findTask,
  type ListedTask,
  listTasks,
  type TaskFilter,
  taskWithId,
} from './repository';
import { viewMoment } from './view';

type ListQuery = Call<'listTasks'>['query'];

function toFilter(query: ListQuery): TaskFilter {
  return {
    status: query.status,
    priority: query.priority,
    ids: query.id,
    idEndings: query.id_ends_with,
    projectId: query.project_id,
    parentId: query.parent_id,
    outsideArchived:
      !query.include_archived && !query.project_id && !query.id && !query.id_ends_with && !query.parent_id,
    tagsAny: query.tags_any?.map(tagKey),
    tagsAll: query.tags_all?.map(tagKey),
    tagsNone: query.tags_none?.map(tagKey),
    dueFrom: query.due_from,
    dueUntil: query.due_until,
    startFrom: query.start_from,
    startUntil: query.start_until,
    has: query.has,
    hasNot: query.has_not,
    completedAfter: instantOf(query.completed_after),
    completedBefore: instantOf(query.completed_before),
    createdAfter: instantOf(query.created_after),
    createdBefore: instantOf(query.created_before),
    updatedAfter: instantOf(query.updated_after),
    updatedBefore: instantOf(query.updated_before),
  };
}

/** The filters that depend on this moment: the view, and whether tasks can begin. */
async function momentFilters(
  lane: Lane,
  { view, started, tz }: ListQuery,
): Promise<Pick<TaskFilter, 'view' | 'started'>> {
  if (!view && started === undefined) return {};
  const at = viewMoment(tz ?? (await findTimeZone(lane)), new Date());
  return {
    view: view && { name: view, at },
    started: started === undefined ? undefined : { wanted: started, at },
  };
}

/** The operations that return the changed task. */
type TaskOperation = 'putTask' | 'updateTask' | 'completeTask' | 'moveTask' | 'skipOccurrence';

function answerTask<Id extends TaskOperation>(call: Call<Id>, outcome: TaskOutcome): Reply<Id> {
  // All of them have the same responses, but TypeScript cannot see that in a union of calls.
  const update = call as unknown as Call<'updateTask'>;
  const answer = () => {
    if (outcome === 'not-found') return update.fail('task-not-found');
    if ('errors' in outcome) return update.fail('validation-failed', { errors: inBody(outcome.errors) });
    return update.reply(200, toTask(update.lane.userId, outcome));
  };
  return answer() as unknown as Reply<Id>;
}

/**
 * The search, the order and the identity of a list. The identity is what must be equal for a cursor to be valid.
 * @param approximate false for exact matches (words that begin with those of `q`), true for typo-tolerant matches
 */
function listOf(
  call: Call<'listTasks'>,
  filter: TaskFilter,
  terms: readonly Term[] | undefined,
  approximate: boolean,
) {
  const { view, started, tz, sort, q } = call.query;
  const search = terms && { terms, near: approximate ? [] : null };
  return {
    approximate,
    search,
    list: [call.path.user_id, 'tasks', filter, view, started, tz, sort, q, approximate],
    order: orderOf(sort, search),
  };
}

function highlightsOf(rows: readonly ListedTask[], { terms, near }: TextSearch) {
  const nearly = near && new Set(near.flat().map(({ word }) => word));
  const ranges = ({ title, description }: ListedTask): Record<'title' | 'description', Range[]> => ({
    title: rangesIn(title, terms, nearly),
    description: rangesIn(description, terms, nearly),
  });
  return Object.fromEntries(rows.map((row) => [row.id, ranges(row)]));
}

const relevanceWithoutQuery: ValidationError = {
  pointer: '/query/sort',
  code: 'contradiction',
  detail: 'by relevance requires `q`',
};

/** The settings of typo-tolerant searches. */
export interface ListDependencies {
  /** The schema of the extension pg_trgm; null if lanes cannot use it. */
  trigramSchema(): Promise<string | null>;
  /** The time limit of each statement of a typo-tolerant search, in milliseconds. */
  readonly typoTimeoutMs: number;
}

/** The handler that lists and searches tasks. */
export const taskListHandlers = ({
  trigramSchema,
  typoTimeoutMs,
}: ListDependencies): Pick<Handlers, 'listTasks'> => ({
  async listTasks(call) {
    const { cursor, limit, include_total, include_subtask_counts, sort, q } = call.query;
    if (q === undefined && sort.includes('relevance')) {
      return call.fail('validation-failed', { errors: [relevanceWithoutQuery] });
    }
    const terms = q === undefined ? undefined : termsOf(q);
    const trigrams = terms && (await trigramSchema());
    const narrowed = toFilter(call.query);
    const lists = [listOf(call, narrowed, terms, false)];
    // Phrases must be exact, so without other words there is no second list.
    if (trigrams != null && terms?.some(({ isPhrase }) => !isPhrase)) {
      lists.push(listOf(call, narrowed, terms, true));
    }
    // A cursor belongs to one of the lists. The first page is typo-tolerant only if there are no exact matches.
    const [listed, ...others] = lists.filter((each) => startOf(each, cursor) !== undefined);
    if (!listed) return call.fail('validation-failed', wrongCursor);

    const { view, started, tz } = call.query;
    const needsZone = view !== undefined || started !== undefined;
    const isOneFlight = (!needsZone || tz !== undefined) && !include_subtask_counts && !terms;
    const read = isOneFlight ? call.lane.readAtOnce : call.lane.read;
    const { page, search, total, subtask_counts, approximate, inTime } = await read(
      async (lane) => {
        const filter = { ...narrowed, ...(await momentFilters(lane, call.query)) };
        const find = async ({ list, approximate, search: wanted }: typeof listed) => {
          const near =
            approximate && wanted && trigrams ? await nearWords(lane, wanted.terms, trigrams) : null;
          const search = wanted && { ...wanted, near };
          const found = { ...filter, search };
          const order = orderOf(sort, search);
          // One row more than fits on the page shows whether there is a next page.
          const [rows, total] = await Promise.all([
            listTasks(lane, {
              filter: found,
              order,
              after: startOf({ list, order }, cursor) ?? null,
              limit: limit + 1,
            }),
            include_total ? countTasks(lane, found) : null,
          ]);
          return { approximate, search, page: toPage({ list, order }, rows, limit, call.url), total };
        };
        let result = await find(listed);
        let inTime = true;
        for (const other of result.page.rows.length === 0 && cursor === undefined ? others : []) {
          const nearly = await lane.bounded(typoTimeoutMs, () => find(other));
          inTime = nearly !== undefined;
          result = nearly ?? result;
        }
        const { page, search, total } = result;
        const ids = page.rows.map((row) => row.id);
        return {
          page,
          search,
          total,
          subtask_counts: include_subtask_counts ? await countSubtasks(lane, ids) : null,
          approximate: result.approximate && page.rows.length > 0,
          inTime,
        };
      },
      { replica: true },
    );
    const { rows, next_cursor, headers } = page;
    const body = {
      items: rows.map((row) => toTask(call.lane.userId, row)),
      next_cursor,
      total,
      subtask_counts,
      highlights: search ? highlightsOf(rows, search) : null,
      search: search ? { typo_tolerance: trigrams != null && inTime, approximate } : null,
    };
    return call.reply(200, body, headers);
  },
});

const finishing = { finishes: true };

/** Whether a new task needs no other row of the lane: its creation is then one statement. */
function isAlone({ project_id, parent_id, tags, reminders, rrule }: Schemas['TaskCreate']): boolean {
  return !project_id && !parent_id && !rrule && !tags?.length && !reminders?.length;
}

export const taskHandlers: Pick<
  Handlers,
  | 'createTask'
  | 'getTask'
  | 'putTask'
  | 'updateTask'
  | 'deleteTask'
  | 'completeTask'
  | 'moveTask'
  | 'skipOccurrence'
  | 'duplicateTask'
  | 'listOccurrences'
> = {
  async createTask(call) {
    const { id = uuidv7(), ...body } = call.body;
    const outcome = await call.lane.write((lane) => createTask(lane, { ...body, id }), {
      finishes: true,
      atOnce: isAlone(body),
    });
    if (outcome === 'id-taken')
      return call.fail('id-taken', await call.lane.read((lane) => taskWithId(lane, id)));
    if ('errors' in outcome) return call.fail('validation-failed', { errors: inBody(outcome.errors) });
    return call.reply(201, toTask(call.lane.userId, outcome), {
      Location: addressOf(call.lane.userId, outcome.id),
    });
  },

  async getTask(call) {
    const row = await call.lane.readAtOnce((lane) => findTask(lane, call.path.task_id));
    return row ? call.reply(200, toTask(call.lane.userId, row)) : call.fail('task-not-found');
  },

  async putTask(call) {
    return answerTask(
      call,
      await call.lane.write((lane) => changeTask(lane, call.path.task_id, call.body), finishing),
    );
  },

  async updateTask(call) {
    return answerTask(
      call,
      await call.lane.write((lane) => changeTask(lane, call.path.task_id, call.body), finishing),
    );
  },

  async deleteTask(call) {
    const deleted = await call.lane.write((lane) => deleteTask(lane, call.path.task_id));
    return deleted ? call.reply(204) : call.fail('task-not-found');
  },

  async completeTask(call) {
    const outcome = await call.lane.write(
      (lane) => completeTask(lane, call.path.task_id, call.body),
      finishing,
    );
    return outcome === 'completion-changed' ? call.fail(outcome) : answerTask(call, outcome);
  },

  async skipOccurrence(call) {
    const outcome = await call.lane.write((lane) => skipTask(lane, call.path.task_id, call.body));
    return outcome === 'not-recurring' ? call.fail(outcome) : answerTask(call, outcome);
  },

  async duplicateTask(call) {
    const { id = uuidv7(), subtasks = false } = call.body ?? {};
    const outcome = await call.lane.write((lane) => duplicateTask(lane, call.path.task_id, { id, subtasks }));
    if (outcome === 'id-taken')
      return call.fail('id-taken', await call.lane.read((lane) => taskWithId(lane, id)));
    if (outcome === 'not-found') return call.fail('task-not-found');
    if ('errors' in outcome) return call.fail('validation-failed', { errors: inBody(outcome.errors) });
    return call.reply(201, toTask(call.lane.userId, outcome), {
      Location: addressOf(call.lane.userId, outcome.id),
    });
  },

  async listOccurrences(call) {
    const coming = await call.lane.read(async (lane) => {
      const row = await findTask(lane, call.path.task_id);
      if (!row || !goesOn(row)) return row && [];
      const completed = await completedAhead(lane, row.id, row.due_date);
      return comingOccurrences(row, call.query.limit, completed);
    });
    if (!coming) return call.fail('task-not-found');
    return call.reply(200, { items: coming.map(toOccurrence) });
  },

  async moveTask(call) {
    return answerTask(call, await call.lane.write((lane) => moveTask(lane, call.path.task_id, call.body)));
  },
};
