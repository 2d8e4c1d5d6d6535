/** A copy of a lane in memory, with the outbox applied to it. */
import type { Entities, Entity, EntityType, Reader, Stored, View } from './entities.js';
import { type Entry, isWaiting, withEntry } from './entries.js';
import { applyEntry } from './optimistic.js';
import { type Changed, emptyState, type Snapshot, type State } from './store.js';

export interface Copy extends Reader {
  /** Raised by each change. */
  readonly version: number;
  readonly state: State;
  /** The entries, with those that are not stored yet. */
  readonly outbox: readonly Entry[];
  /** The entities as the service sent them, for another store. */
  snapshot(): Snapshot;
  /** The ids of the entities that the service sent. */
  keys(): Iterable<readonly [EntityType, string]>;
  /** Replaces everything that is stored. `stored` are entries that were shown before they were stored. */
  load(snapshot: Snapshot, stored?: readonly (Entry | undefined)[]): void;
  /** Applies a stored change. `entry` is the one that it stores. */
  apply(changed: Changed, entry?: Entry): void;
  /** Shows an entry before it is stored. */
  show(entry: Entry): void;
}

type Maps = { readonly [Type in EntityType]: Map<string, Entities[Type] | null> };

const emptyMaps = (): Maps => ({ task: new Map(), project: new Map(), tag: new Map(), profile: new Map() });

export function createCopy(): Copy {
  let base = emptyMaps();
  let overlay = emptyMaps();
  let state = emptyState;
  let unstored: Entry[] = [];
  let version = 0;

  const get = <Type extends EntityType>(type: Type, id: string): Entities[Type] | undefined => {
    const over = overlay[type].get(id);
    return (over === undefined ? base[type].get(id) : over) ?? undefined;
  };
  const all = <Type extends EntityType>(type: Type): Entities[Type][] => {
    const [under, over] = [base[type], overlay[type]];
    const found: Entities[Type][] = [];
    for (const [id, entity] of under) if (entity && !over.has(id)) found.push(entity);
    for (const entity of over.values()) if (entity) found.push(entity);
    return found;
  };
  const set: View['set'] = (type, id, entity) => void overlay[type].set(id, entity);
  const view: View = { get, all, set };

  const outbox = () => unstored.reduce<readonly Entry[]>(withEntry, state.outbox);

  /** Applies the outbox again. Entities that did not change stay the same objects. */
  function rebuild(): void {
    const before = overlay;
    overlay = emptyMaps();
    for (const entry of outbox()) applyEntry(view, entry);
    for (const type of Object.keys(overlay) as EntityType[]) {
      const now = overlay[type] as Map<string, Entity | null>;
      for (const [id, entity] of now) {
        const old = before[type].get(id);
        if (entity && old && JSON.stringify(old) === JSON.stringify(entity)) now.set(id, old);
      }
    }
    version++;
  }
  function store(entities: readonly Stored[]): void {
    for (const { type, id, data } of entities) {
      const map = base[type] as Map<string, Entity | null>;
      if (data === null) map.delete(id);
      else map.set(id, data);
    }
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
      return outbox();
    },
    get,
    all,
    keys,
    snapshot: () => ({
      state,
      entities: [...keys()].map(([type, id]) => ({ type, id, data: base[type].get(id) ?? null })),
    }),
    load(snapshot, stored = []) {
      unstored = unstored.filter((each) => !stored.includes(each));
      base = emptyMaps();
      state = snapshot.state;
      store(snapshot.entities);
      rebuild();
    },
    apply(changed, entry) {
      unstored = unstored.filter((each) => each !== entry);
      store(changed.entities);
      state = changed.state;
      rebuild();
    },
    show(entry) {
      const before = outbox();
      unstored = [...unstored, entry];
      const after = outbox();
      if (after.length > before.length && isWaiting(entry)) {
        applyEntry(view, entry);
        version++;
      } else rebuild();
    },
  };
}
