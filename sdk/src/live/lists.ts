/** Lists of a copy. A list is the same array as long as its items are the same objects. */
import type { Task } from '../methods.js';
import type { Copy } from './copy.js';
import {
  type Hits,
  isLinked,
  isMomentary,
  type LiveTaskQuery,
  planOf,
  tasksAfter,
  tasksOf,
} from './queries.js';

const mostLists = 200;
const minuteMs = 60_000;

interface TaskList {
  readonly version: number;
  readonly minute: number;
  readonly hits: Hits | undefined;
  readonly all: readonly Task[];
  /** The first of them, as many as the query asks for. */
  readonly tasks: readonly Task[];
}

const areSame = (one: readonly unknown[] | undefined, other: readonly unknown[]): boolean =>
  one?.length === other.length && one.every((each, index) => each === other[index]);

/** Lists of tasks. `hitsOf` has what the service found for a query. */
export function createTaskLists(copy: Copy, hitsOf: (key: string) => Hits | undefined) {
  const lists = new Map<string, TaskList>();
  return (query: LiveTaskQuery = {}): readonly Task[] => {
    const key = JSON.stringify(query);
    const known = lists.get(key);
    const hits = hitsOf(key);
    const now = Date.now();
    // Due times have no seconds.
    const minute = isMomentary(query) ? Math.floor(now / minuteMs) : 0;
    const isOfNow = known?.minute === minute && known.hits === hits;
    if (isOfNow && known.version === copy.version) return known.tasks;
    const isUnsent = ({ id }: Task) => copy.isUnsent('task', id);
    const plan = planOf(copy, query, now, { hits, isUnsent });
    const changed = isOfNow && !isLinked(query) ? copy.changedSince(known.version) : undefined;
    const all = changed && known ? tasksAfter(copy, plan, known.all, changed) : tasksOf(copy, plan);
    const found = query.limit === undefined ? all : all.slice(0, query.limit);
    const tasks = known && areSame(known.tasks, found) ? known.tasks : found;
    // A page shows few lists, but a search has one for each letter that is typed.
    if (!known && lists.size >= mostLists) lists.clear();
    lists.set(key, { version: copy.version, minute, hits, all, tasks });
    return tasks;
  };
}

/** A list of anything else, by its name. */
export function createLists(copy: Copy) {
  const lists = new Map<string, { readonly version: number; readonly items: readonly unknown[] }>();
  return <T>(name: string, read: () => readonly T[]): readonly T[] => {
    const known = lists.get(name);
    if (known?.version === copy.version) return known.items as readonly T[];
    const found = read();
    const items = known && areSame(known.items, found) ? (known.items as readonly T[]) : found;
    lists.set(name, { version: copy.version, items });
    return items;
  };
}
