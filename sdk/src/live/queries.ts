/** Filters, views and orders of a copy's tasks, as the service has them. */
import type { ListTasksQuery, Task } from '../methods.js';
import type { Reader } from './entities.js';
import { compareText } from './optimistic.js';
import { localAt, nextDay, toInstant } from './time.js';

/**
 * A query of tasks: the parameters of `tasks.list` except those of pages. `q` finds tasks whose title or description
 * contains each of its words, without regard to case and diacritics.
 */
export type LiveTaskQuery = Omit<ListTasksQuery, 'cursor' | 'include_total' | 'include_subtask_counts'>;

type Test = (task: Task) => boolean;

const statuses = ['pending', 'in_progress', 'completed', 'cancelled'];
const priorities = ['low', 'medium', 'high', 'urgent'];

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** The key of a tag's name: names with the same key are the same tag. */
const tagKey = (name: string): string =>
  name.trim().normalize('NFKC').toLowerCase().toUpperCase().toLowerCase();

// Letters with a stroke, and ligatures, which Unicode does not decompose.
const plainLetters: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  æ: 'ae',
  œ: 'oe',
};

/** A text without case and diacritics. */
const fold = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[łøđħŧıæœ]/g, (letter) => plainLetters[letter] as string)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase();

const isOpen = ({ status }: Task): boolean => status === 'pending' || status === 'in_progress';

/** Tests for the views and for `started` at an instant in a time zone. A time without a zone is one of that zone. */
function momentTests(zone: string, now: number) {
  const { day: today, time } = localAt(zone, now);
  const tomorrow = nextDay(today);
  const [todayBegins, tomorrowBegins] = [toInstant(today, '00:00', zone), toInstant(tomorrow, '00:00', zone)];
  const ms = (instant: string) => Date.parse(instant);
  const startsLater: Test = ({ start_date, start_at }) =>
    start_date !== null && (start_at === null ? start_date > today : ms(start_at) >= tomorrowBegins);
  const isDueLater: Test = ({ due_date, due_at }) =>
    due_date !== null && (due_at === null ? due_date > today : ms(due_at) >= tomorrowBegins);
  const isDueToday: Test = ({ due_date, due_at }) =>
    due_at === null ? due_date === today : ms(due_at) >= todayBegins && ms(due_at) < tomorrowBegins;
  const isOverdue: Test = ({ due_date, due_time, due_at }) => {
    if (due_date === null) return false;
    if (due_at !== null) return ms(due_at) <= now;
    return due_date < today || (due_date === today && due_time !== null && due_time < time);
  };
  const hasBegun: Test = (task) => task.start_date !== null && !startsLater(task);
  const views: Record<NonNullable<LiveTaskQuery['view']>, Test> = {
    today: (task) => isDueToday(task) || (hasBegun(task) && (task.due_date === null || isDueLater(task))),
    overdue: isOverdue,
    upcoming: (task) => isDueLater(task) || startsLater(task),
    no_date: ({ due_date, start_date }) => due_date === null && start_date === null,
  };
  const isStarted: Test = ({ start_date, start_time, start_at }) => {
    if (start_date === null) return true;
    if (start_at !== null) return ms(start_at) <= now;
    return `${start_date}T${start_time ?? '00:00'}:00` <= `${today}T${time}`;
  };
  return { views, isStarted };
}

function traitTests(view: Reader): Record<string, Test> {
  const parents = new Set(view.all('task').map((task) => task.parent_id));
  return {
    description: (task) => !!task.description,
    project: (task) => task.project_id !== null,
    parent: (task) => task.parent_id !== null,
    subtasks: (task) => parents.has(task.id),
    tags: (task) => task.tags.length > 0,
    due_date: (task) => task.due_date !== null,
    due_time: (task) => task.due_time !== null,
    start_date: (task) => task.start_date !== null,
    start_time: (task) => task.start_time !== null,
    rrule: (task) => task.rrule !== null,
    reminders: (task) => task.reminders.length > 0,
  };
}

/** The tests of all filters of a query. */
function testsOf(view: Reader, query: LiveTaskQuery, now: number): Test[] {
  const tests: Test[] = [];
  const when = <T>(value: T | undefined, make: (value: T) => Test) => {
    if (value !== undefined) tests.push(make(value));
  };
  const oneOf = (field: 'status' | 'priority' | 'id' | 'project_id') =>
    when(query[field] as string | readonly string[] | undefined, (value) => {
      const wanted = new Set<string | null>(listOf(value));
      return (task) => wanted.has(task[field]);
    });
  for (const field of ['status', 'priority', 'id', 'project_id'] as const) oneOf(field);
  when(query.parent_id, (id) => (task) => task.parent_id === id);
  if (!query.include_archived && !query.project_id && !query.id && !query.parent_id) {
    const archived = new Set(view.all('project').flatMap((each) => (each.archived ? each.id : [])));
    if (archived.size > 0) tests.push((task) => task.project_id === null || !archived.has(task.project_id));
  }
  const tagged = (names: string | readonly string[]) => {
    const keys = listOf(names).map(tagKey);
    return (task: Task) => {
      const own = task.tags.map(tagKey);
      return keys.map((key) => own.includes(key));
    };
  };
  when(query.tags_any, (names) => {
    const has = tagged(names);
    return (task) => has(task).some(Boolean);
  });
  when(query.tags_all, (names) => {
    const has = tagged(names);
    return (task) => has(task).every(Boolean);
  });
  when(query.tags_none, (names) => {
    const has = tagged(names);
    return (task) => !has(task).some(Boolean);
  });
  const bound = (value: string | undefined, field: 'due_date' | 'start_date', isLower: boolean) =>
    when(value, (day) => (task) => {
      const own = task[field];
      return own !== null && (isLower ? own >= day : own <= day);
    });
  bound(query.due_from, 'due_date', true);
  bound(query.due_until, 'due_date', false);
  bound(query.start_from, 'start_date', true);
  bound(query.start_until, 'start_date', false);
  for (const field of ['completed', 'created', 'updated'] as const) {
    for (const side of ['after', 'before'] as const) {
      when(query[`${field}_${side}`], (instant) => {
        const limit = Date.parse(instant);
        return (task) => {
          const own = task[`${field}_at`];
          return own !== null && (side === 'after' ? Date.parse(own) > limit : Date.parse(own) < limit);
        };
      });
    }
  }
  if (query.has !== undefined || query.has_not !== undefined) {
    const traits = traitTests(view);
    for (const trait of listOf(query.has ?? [])) tests.push(traits[trait] as Test);
    for (const trait of listOf(query.has_not ?? [])) tests.push((task) => !traits[trait]?.(task));
  }
  if (isMomentary(query)) {
    const zone = query.tz ?? view.get('profile', '')?.time_zone ?? 'UTC';
    const { views, isStarted } = momentTests(zone, now);
    when(query.view, (name) => (task) => isOpen(task) && views[name](task));
    when(query.started, (wanted) => (task) => isStarted(task) === wanted);
  }
  when(query.q, (q) => {
    const words = fold(q).split(/\s+/);
    return (task) => {
      const [title, description] = [fold(task.title), fold(task.description ?? '')];
      return words.every((word) => title.includes(word) || description.includes(word));
    };
  });
  return tests;
}

/** Whether the answer to a query depends on the time. */
export const isMomentary = ({ view, started }: LiveTaskQuery): boolean =>
  view !== undefined || started !== undefined;

type Value = string | number | null;

// The root collation of CLDR, like the service's.
const collator = new Intl.Collator('en', { numeric: true });

const values: Record<string, (task: Task) => Value> = {
  created_at: (task) => task.created_at,
  updated_at: (task) => task.updated_at,
  title: (task) => task.title,
  priority: (task) => priorities.indexOf(task.priority),
  status: (task) => statuses.indexOf(task.status),
  // On the same day, all-day tasks come after tasks with a time, and start before them.
  due: (task) => task.due_date && `${task.due_date}T${task.due_time ?? '24:00'}`,
  start: (task) => task.start_date && `${task.start_date}T${task.start_time ?? '00:00'}`,
  completed_at: (task) => task.completed_at,
  position: (task) => task.position,
};

function compareValues(one: Value, other: Value, factor: number): number {
  if (one === other) return 0;
  // Tasks without a value come last in both directions.
  if (one === null) return 1;
  if (other === null) return -1;
  return factor * (one < other ? -1 : 1);
}

type Compare = (one: Task, other: Task) => number;

/** The order of `sort`. The id comes last, in the direction of the last key. */
function orderOf(sort: readonly string[]): Compare {
  const keys = sort
    .filter((key) => key !== 'relevance')
    .map((key): Compare => {
      const factor = key.startsWith('-') ? -1 : 1;
      const name = key.replace(/^-/, '');
      if (name === 'title') return (one, other) => factor * collator.compare(one.title, other.title);
      const value = values[name] as (task: Task) => Value;
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

/** The tasks of a view that match a query, in its order. */
export function tasksOf(view: Reader, query: LiveTaskQuery, now: number): Task[] {
  const tests = testsOf(view, query, now);
  const found = view.all('task').filter((task) => tests.every((test) => test(task)));
  found.sort(orderOf(listOf(query.sort ?? '-created_at')));
  return query.limit === undefined ? found : found.slice(0, query.limit);
}
