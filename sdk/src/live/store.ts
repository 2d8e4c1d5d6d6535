/** Where a copy is kept: entities, and the state with the outbox. */
import type { Stored } from './entities.js';
import type { Entry, Progress } from './entries.js';

/** Everything of a copy except its entities. */
export interface State extends Progress {
  /** The sync token; undefined until the first snapshot is complete. */
  readonly token?: string | undefined;
  /** The token with which the first snapshot continues. */
  readonly partial?: string | undefined;
  /** The snapshot left out tasks that were closed before this instant. */
  readonly closedSince?: string | undefined;
  /** Counts the leaders. A leader writes only in its own term. */
  readonly term: number;
  /** Counts the changes of the store. */
  readonly revision: number;
  /** The number of the next entry. */
  readonly next: number;
  readonly outbox: readonly Entry[];
}

export const emptyState: State = { term: 0, revision: 0, next: 1, outbox: [] };

/** A change of the state and of entities, in one transaction. */
export interface Change {
  readonly state?: Partial<State> | undefined;
  readonly entities?: readonly Stored[] | undefined;
}

/** A change that was stored, and the state after it. */
export interface Changed {
  readonly state: State;
  readonly entities: readonly Stored[];
}

export interface Snapshot {
  readonly state: State;
  readonly entities: readonly Stored[];
}

export interface Store {
  /** Everything; undefined if the store keeps no entities. */
  read(): Promise<Snapshot | undefined>;
  /** Makes the change that `decide` returns, in one transaction with reading the state. Undefined changes nothing. */
  change(decide: (state: State) => Change | undefined): Promise<Changed | undefined>;
  close(): void;
  /** Removes everything. */
  destroy(): Promise<void>;
}

/** The state after a change. */
export const nextState = (state: State, change: Change): State => ({
  ...state,
  ...change.state,
  revision: state.revision + 1,
});

/** A store in memory, which begins with a state. The copy has the entities. */
export function createMemoryStore(state: State = emptyState): Store {
  let current = state;
  return {
    read: async () => undefined,
    async change(decide) {
      const change = decide(current);
      if (!change) return undefined;
      current = nextState(current, change);
      return { state: current, entities: change.entities ?? [] };
    },
    close: () => undefined,
    destroy: async () => undefined,
  };
}
