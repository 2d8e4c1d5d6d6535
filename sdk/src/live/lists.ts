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

interface List<T> {
  /** Everything that it depends on except the copy. */
  readonly inputs: readonly unknown[];
  readonly version: number;
  /** All that match, and those that are shown. */
  readonly all: readonly T[];
  readonly items: readonly T[];
}

const areSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((each, index) => each === other[index]);

interface ListOptions {
  readonly inputs?: readonly unknown[];
  readonly limit?: number | undefined;
}

/** Keeps lists by their keys. `read` gets what was read before, if only tasks have changed since then. */
export function createLists(copy: Copy) {
  const lists = new Map<string, List<unknown>>();
  return <T>(
    key: string,
    read: (before?: readonly T[], changed?: ReadonlySet<string>) => readonly T[],
    { inputs = [], limit }: ListOptions = {},
  ): readonly T[] => {
    const known = lists.get(key) as List<T> | undefined;
    const changed = known && areSame(known.inputs, inputs) ? copy.changedSince(known.version) : undefined;
    if (known && changed?.size === 0) return known.items;
    const all = changed ? read(known?.all, changed) : read();
    const found = all.slice(0, limit);
    const items = known && areSame(known.items, found) ? known.items : found;
    // A page shows few lists, but a search has one for each letter that is typed.
    if (!known && lists.size >= mostLists) lists.clear();
    lists.set(key, { inputs, version: copy.version, all, items });
    return items;
  };
}

/** Lists of tasks. `hitsOf` has what the service found for a query. */
export function createTaskLists(copy: Copy, hitsOf: (key: string, query: LiveTaskQuery) => Hits | undefined) {
  const listOf = createLists(copy);
  return (query: LiveTaskQuery = {}): readonly Task[] => {
    const key = JSON.stringify(query);
    const hits = query.q === undefined ? undefined : hitsOf(key, query);
    const now = Date.now();
    // Due times have no seconds.
    const minute = isMomentary(query) && Math.floor(now / minuteMs);
    const isUnsent = ({ id }: Task) => copy.isUnsent('task', id);
    const read = (before?: readonly Task[], changed?: ReadonlySet<string>) => {
      const plan = planOf(copy, query, now, { hits, isUnsent });
      return before && changed && !isLinked(query)
        ? tasksAfter(copy, plan, before, changed)
        : tasksOf(copy, plan);
    };
    return listOf(key, read, { inputs: [minute, hits], limit: query.limit });
  };
}
