/** Filters, views and orders of a copy's tasks, as the service has them. */
import type { ListTasksQuery, Task } from '../methods.js';
import type { Reader } from './entities.js';
import { compareText } from './optimistic.js';
import { localAt, nextDay, toInstant } from './time.js';

/**
 * A query of tasks: the parameters of `tasks.list` except those of pages. In the copy, `q` finds tasks whose title or
 * description contains each of its words, without regard to case and diacritics.
 */
export type LiveTaskQuery = Omit<ListTasksQuery, 'cursor' | 'include_total' | 'include_subtask_counts'>;

/** The ranks of the tasks that the service found for a `q`, by id. */
export type Hits = ReadonlyMap<string, number>;

type Test = (task: Task) => boolean;
type Compare = (one: Task, other: Task) => number;

/** What a list contains, and its order. */
export interface Plan {
  readonly matches: Test;
  readonly compare: Compare;
}

const statuses = ['pending', 'in_progress', 'completed', 'cancelled'];
const priorities = ['low', 'medium', 'high', 'urgent'];

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

// Converting to upper case first makes `ß` and `ss` the same.
const foldCase = (text: string) => text.toLowerCase().toUpperCase().toLowerCase();

/** The key of a tag's name: names with the same key are the same tag. */
const tagKey = (name: string): string => foldCase(name.trim().normalize('NFKC'));

// Letters with a stroke, and ligatures, which Unicode does not decompose.
const plainLetters: Readonly<Record<string, string>> = {
  ...{ ł: 'l', ø: 'o', đ: 'd', ħ: 'h', ŧ: 't', ı: 'i' },
  ...{ æ: 'ae', œ: 'oe' },
};

/** A text without case and diacritics. */
const fold = (text: string): string =>
  /^[\0-\x7f]*$/.test(text)
    ? text.toLowerCase()
    : foldCase(text.normalize('NFKD').replace(/\p{M}/gu, '')).replace(
        /[łøđħŧıæœ]/g,
        (letter) => plainLetters[letter] as string,
      );

const folded = new WeakMap<Task, readonly string[]>();

/** The texts of a task that a search looks at. Folding takes longer than searching, so they are kept. */
function textsOf(task: Task): readonly string[] {
  const texts = folded.get(task) ?? [task.title, task.description ?? ''].map(fold);
  folded.set(task, texts);
  return texts;
}

/** Tests for the views and for `started` at an instant in a time zone. A time without a zone is one of that zone. */
function momentTests(zone: string, now: number) {
  const { day: today, time } = localAt(zone, now);
  const tomorrow = nextDay(today);
  const [todayBegins, tomorrowBegins] = [toInstant(today, '00:00', zone), toInstant(tomorrow, '00:00', zone)];
  const isLater = (date: string | null, at: string | null) =>
    date !== null && (at === null ? date > today : Date.parse(at) >= tomorrowBegins);
  const isDueLater: Test = ({ due_date, due_at }) => isLater(due_date, due_at);
  const startsLater: Test = ({ start_date, start_at }) => isLater(start_date, start_at);
  const isDueToday: Test = ({ due_date, due_at }) =>
    due_at === null
      ? due_date === today
      : Date.parse(due_at) >= todayBegins && Date.parse(due_at) < tomorrowBegins;
  const views: Record<NonNullable<LiveTaskQuery['view']>, Test> = {
    today: (task) =>
      isDueToday(task) ||
      (task.start_date !== null && !startsLater(task) && (task.due_date === null || isDueLater(task))),
    overdue: ({ due_date, due_time, due_at }) => {
      if (due_date === null) return false;
      if (due_at !== null) return Date.parse(due_at) <= now;
      return due_date < today || (due_date === today && due_time !== null && due_time < time);
    },
    upcoming: (task) => isDueLater(task) || startsLater(task),
    no_date: ({ due_date, start_date }) => due_date === null && start_date === null,
  };
  const isStarted: Test = ({ start_date, start_time, start_at }) => {
    if (start_date === null) return true;
    if (start_at !== null) return Date.parse(start_at) <= now;
    return `${start_date}T${start_time ?? '00:00'}:00` <= `${today}T${time}`;
  };
  return { views, isStarted };
}

const isFilled = (value: unknown): boolean =>
  value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);

/** The test for a value of `has`. Most are the names of fields. */
function traitTest(view: Reader, trait: string): Test {
  if (trait === 'subtasks') {
    const parents = new Set(view.all('task').map((task) => task.parent_id));
    return (task) => parents.has(task.id);
  }
  const field = (trait === 'project' || trait === 'parent' ? `${trait}_id` : trait) as keyof Task;
  return (task) => isFilled(task[field]);
}

const comparisons: Readonly<Record<string, (own: number, limit: number) => boolean>> = {
  from: (own, limit) => own >= limit,
  until: (own, limit) => own <= limit,
  after: (own, limit) => own > limit,
  before: (own, limit) => own < limit,
};

/** The test for a bound such as `due_from` or `completed_before`; undefined for another parameter. */
function boundTest(name: string, value: unknown): Test | undefined {
  const [, subject, bound = ''] = /^([a-z]+)_(from|until|after|before)$/.exec(name) ?? [];
  const compare = comparisons[bound];
  if (!compare) return undefined;
  const field = `${subject}_${bound === 'from' || bound === 'until' ? 'date' : 'at'}` as 'due_date';
  const limit = Date.parse(value as string);
  return (task) => task[field] !== null && compare(Date.parse(task[field]), limit);
}

/** The test for `q`: with the service's hits, or by the words. */
function searchTest(q: string, hits: Hits | undefined, isUnsent: Test): Test {
  const words = fold(q).split(/\s+/);
  const contains: Test = (task) => words.every((word) => textsOf(task).some((text) => text.includes(word)));
  // The service did not search what it does not have.
  return hits ? (task) => hits.has(task.id) || (isUnsent(task) && contains(task)) : contains;
}

/** The tests of all filters of a query. */
function testsOf(view: Reader, query: LiveTaskQuery, now: number, search: (q: string) => Test): Test[] {
  const tests: Test[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const bound = boundTest(name, value);
    if (bound) tests.push(bound);
    else if (['status', 'priority', 'id', 'project_id', 'parent_id'].includes(name)) {
      const wanted = new Set<unknown>(listOf(value));
      tests.push((task) => wanted.has(task[name as 'id']));
    } else if (name.startsWith('tags_')) {
      const keys = listOf(value as string).map(tagKey);
      tests.push((task) => {
        const own = task.tags.map(tagKey);
        const has = (key: string) => own.includes(key);
        return name === 'tags_all' ? keys.every(has) : keys.some(has) === (name === 'tags_any');
      });
    } else if (name === 'has' || name === 'has_not') {
      for (const trait of listOf(value as string)) {
        const test = traitTest(view, trait);
        tests.push((task) => test(task) === (name === 'has'));
      }
    }
  }
  if (!query.include_archived && !query.project_id && !query.id && !query.parent_id) {
    const archived = new Set(view.all('project').flatMap((each) => (each.archived ? each.id : [])));
    if (archived.size > 0) tests.push((task) => task.project_id === null || !archived.has(task.project_id));
  }
  if (isMomentary(query)) {
    const zone = query.tz ?? view.get('profile', '')?.time_zone ?? 'UTC';
    const { views, isStarted } = momentTests(zone, now);
    const { view: name, started } = query;
    if (name) {
      tests.push((task) => (task.status === 'pending' || task.status === 'in_progress') && views[name](task));
    }
    if (started !== undefined) tests.push((task) => isStarted(task) === started);
  }
  if (query.q !== undefined) tests.push(search(query.q));
  return tests;
}

/** Whether the answer to a query depends on the time. */
export const isMomentary = ({ view, started }: LiveTaskQuery): boolean =>
  view !== undefined || started !== undefined;

/** Whether a change of one task can change whether another one matches. */
export const isLinked = ({ has, has_not }: LiveTaskQuery): boolean =>
  [has, has_not].some((traits) => listOf(traits).includes('subtasks'));

type Value = string | number | null;

// The root collation of CLDR, like the service's.
const collator = new Intl.Collator('en', { numeric: true });

/** Values of sort keys that are not fields. */
const values: Readonly<Record<string, (task: Task) => Value>> = {
  priority: (task) => priorities.indexOf(task.priority),
  status: (task) => statuses.indexOf(task.status),
  // On the same day, all-day tasks come after tasks with a time, and start before them.
  due: (task) => task.due_date && `${task.due_date}T${task.due_time ?? '24:00'}`,
  start: (task) => task.start_date && `${task.start_date}T${task.start_time ?? '00:00'}`,
};

function compareValues(one: Value, other: Value, factor: number): number {
  if (one === other) return 0;
  // Tasks without a value come last in both directions.
  if (one === null) return 1;
  if (other === null) return -1;
  return factor * (one < other ? -1 : 1);
}

/** The order of `sort`. The id comes last, in the direction of the last key. */
function orderOf(sort: readonly string[], hits: Hits | undefined): Compare {
  const keys = sort.map((key): Compare => {
    const factor = key.startsWith('-') ? -1 : 1;
    const name = key.replace(/^-/, '');
    if (name === 'title') return (one, other) => factor * collator.compare(one.title, other.title);
    const value =
      name === 'relevance'
        ? (task: Task) => hits?.get(task.id) ?? null
        : (values[name] ?? ((task: Task) => task[name as 'position']));
    return (one, other) => compareValues(value(one), value(other), factor);
  });
  const last = sort.at(-1) ?? '';
  const idFactor = last.startsWith('-') || last === 'relevance' ? -1 : 1;
  return (one, other) => {
    for (const compare of keys) {
      const order = compare(one, other);
      if (order !== 0) return order;
    }
    return idFactor * compareText(one.id, other.id);
  };
}

/** What a query means at an instant, with the service's hits if it searched. */
export function planOf(
  view: Reader,
  query: LiveTaskQuery,
  now: number,
  { hits, isUnsent = () => true }: { hits?: Hits | undefined; isUnsent?: Test } = {},
): Plan {
  const tests = testsOf(view, query, now, (q) => searchTest(q, hits, isUnsent));
  return {
    matches: (task) => tests.every((test) => test(task)),
    compare: orderOf(listOf(query.sort ?? '-created_at'), hits),
  };
}

/** The tasks of a plan. */
export const tasksOf = (view: Reader, { matches, compare }: Plan): Task[] =>
  view.all('task').filter(matches).sort(compare);

/** The tasks of a plan after the tasks with these ids changed. It takes less time than `tasksOf`. */
export function tasksAfter(
  view: Reader,
  { matches, compare }: Plan,
  before: readonly Task[],
  changed: ReadonlySet<string>,
): Task[] {
  const kept = before.filter((task) => !changed.has(task.id));
  const added = [...changed]
    .flatMap((id) => view.get('task', id) ?? [])
    .filter(matches)
    .sort(compare);
  const tasks: Task[] = [];
  let from = 0;
  for (const task of added) {
    let [low, high] = [from, kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(kept[middle] as Task, task) < 0) low = middle + 1;
      else high = middle;
    }
    for (; from < low; from++) tasks.push(kept[from] as Task);
    tasks.push(task);
  }
  for (; from < kept.length; from++) tasks.push(kept[from] as Task);
  return tasks;
}
