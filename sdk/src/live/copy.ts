/** A copy of a lane in memory, with the outbox applied to it. */
import { withDefaults } from './defaults.js';
import type { Entities, Entity, EntityType, Reader, View } from './entities.js';
import { type Entry, effectOf, isWaiting, withEntry } from './entries.js';
import { applyEntry } from './optimistic.js';
import { type Changed, emptyState, type Snapshot, type State } from './store.js';

export interface Copy extends Reader {
  /** Raised by each change of what the copy shows. */
  readonly version: number;
  readonly state: State;
  /** The entries, with those that are not stored yet. */
  readonly outbox: readonly Entry[];
  /** Whether the outbox changes an entity. */
  isUnsent(type: EntityType, id: string): boolean;
  /** The ids of the tasks that changed after a version; undefined if anything else changed too, or if it was long ago. */
  changedSince(version: number): ReadonlySet<string> | undefined;
  /** Whether the copy has all changes of the store up to a revision. */
  isComplete(revision: number): boolean;
  /** The ids of the entities that the service sent. */
  keys(): Iterable<readonly [EntityType, string]>;
  /** Replaces everything that is stored. */
  load(snapshot: Snapshot): void;
  /**
   * Applies a stored change. Changes can arrive in another order than they were stored. `stored` are the entries that it
   * stores, which were shown before.
   */
  apply(changed: Changed, stored?: readonly Entry[]): void;
  /** Shows an entry before it is stored. */
  show(entry: Entry): void;
}

type Maps = { readonly [Type in EntityType]: Map<string, Entities[Type]> };

const emptyMaps = (): Maps => ({
  ...{ task: new Map(), project: new Map(), tag: new Map(), profile: new Map(), stats: new Map() },
});

// A list that is older is computed again as a whole.
const keptVersions = 100;

/** Whether an entity is the same. Entities with different versions are not compared. */
const isSame = (one: Entity | undefined, other: Entity | undefined): boolean =>
  one === other ||
  (one !== undefined &&
    other !== undefined &&
    (one as Partial<Entities['task']>).version === (other as Partial<Entities['task']>).version &&
    JSON.stringify(one) === JSON.stringify(other));

export function createCopy(): Copy {
  // What the service sent, and what is shown: the same with the outbox applied.
  let base = emptyMaps();
  let shown = emptyMaps();
  let changedByOutbox = new Map<string, readonly [EntityType, string]>();
  let state = emptyState;
  let unstored: readonly Entry[] = [];
  let outbox: readonly Entry[] = [];
  let version = 0;
  // The revision of the store that was loaded, and the number of changes since then.
  let loaded = 0;
  let applied = 0;
  // The ids of the tasks that the last versions changed, from the newest on.
  let log: (readonly string[] | undefined)[] = [];
  // What was shown before the present change.
  let before = new Map<
    string,
    { readonly type: EntityType; readonly id: string; readonly was: Entity | undefined }
  >();

  const mapOf = (maps: Maps, type: EntityType) => maps[type] as Map<string, Entity>;
  function put(maps: Maps, type: EntityType, id: string, entity: Entity | null | undefined): void {
    if (entity) mapOf(maps, type).set(id, entity);
    else maps[type].delete(id);
  }
  function display(type: EntityType, id: string, entity: Entity | null | undefined): void {
    const key = `${type} ${id}`;
    if (!before.has(key)) before.set(key, { type, id, was: shown[type].get(id) });
    put(shown, type, id, entity);
  }
  const view: View = {
    get: (type, id) => shown[type].get(id),
    all: (type) => [...(shown[type] as Map<string, never>).values()],
    set(type, id, entity) {
      changedByOutbox.set(`${type} ${id}`, [type, id]);
      display(type, id, entity);
    },
  };

  const advance = (tasks: readonly string[] | undefined) => {
    version++;
    log = [tasks, ...log.slice(0, keptVersions)];
  };
  /** Makes a change of what is shown. Entities that remain as they were stay the same objects. */
  function change(work: () => void): void {
    before = new Map();
    work();
    const changed = [...before.values()].filter(({ type, id, was }) => {
      const remains = isSame(was, shown[type].get(id));
      if (remains) put(shown, type, id, was);
      return !remains;
    });
    // No list depends on statistics.
    const listed = changed.filter(({ type }) => type !== 'stats');
    if (listed.length === 0) return;
    // Lists of tasks also depend on projects, and on the time zone of the profile.
    advance(listed.every(({ type }) => type === 'task') ? listed.map(({ id }) => id) : undefined);
  }
  function applyOutbox(): void {
    for (const [type, id] of changedByOutbox.values()) display(type, id, base[type].get(id));
    changedByOutbox = new Map();
    for (const entry of outbox) applyEntry(view, entry);
  }
  /** Takes over a state. Returns whether the outbox does something else than before. */
  function setState(next: State, stored: readonly Entry[]): boolean {
    state = next;
    unstored = unstored.filter((each) => !stored.includes(each));
    const old = outbox;
    outbox = unstored.reduce<readonly Entry[]>(withEntry, state.outbox);
    return old.map(effectOf).join() !== outbox.map(effectOf).join();
  }
  function* keys(): Generator<readonly [EntityType, string]> {
    for (const type of Object.keys(base) as EntityType[])
      for (const id of base[type].keys()) yield [type, id];
  }

  return {
    get version() {
      return version;
    },
    get state() {
      return state;
    },
    get outbox() {
      return outbox;
    },
    get: view.get,
    all: view.all,
    isUnsent: (type, id) => changedByOutbox.has(`${type} ${id}`),
    changedSince(known) {
      const parts = log.slice(0, version - known);
      if (parts.length < version - known || parts.includes(undefined)) return undefined;
      return new Set((parts as string[][]).flat());
    },
    keys,
    isComplete: (revision) => loaded + applied === revision,
    load(snapshot) {
      setState(snapshot.state, []);
      loaded = state.revision;
      applied = 0;
      base = emptyMaps();
      shown = emptyMaps();
      changedByOutbox = new Map();
      for (const { type, id, data } of snapshot.entities) {
        const entity = data && withDefaults(type, data);
        for (const maps of [base, shown]) put(maps, type, id, entity);
      }
      applyOutbox();
      advance(undefined);
    },
    apply({ state: next, entities }, stored = []) {
      const isKnown = next.revision <= loaded;
      if (!isKnown) applied++;
      change(() => {
        for (const { type, id, data } of isKnown ? [] : entities) {
          put(base, type, id, data);
          display(type, id, data);
        }
        const isOther = setState(next.revision > state.revision ? next : state, stored);
        if (isOther || (entities.length > 0 && outbox.length > 0)) applyOutbox();
      });
    },
    show(entry) {
      unstored = [...unstored, entry];
      const next = withEntry(outbox, entry);
      const isLast = next.length > outbox.length && isWaiting(entry);
      outbox = next;
      change(() => (isLast ? applyEntry(view, entry) : applyOutbox()));
    },
  };
}
