/** A store in IndexedDB, for all tabs of a browser. */
import type { Stored } from './entities.js';
import type { Entry } from './entries.js';
import {
  type Change,
  type Changed,
  createMemoryStore,
  emptyState,
  nextState,
  type Snapshot,
  type State,
  type Store,
} from './store.js';

export interface IndexedDbOptions {
  /** The state that the tab has, for a store in memory after the database was lost. */
  readonly snapshot: () => State;
  /** Called when the data is from now on only in memory. */
  readonly lost: (error: unknown) => void;
}

const format = 1;
const stores = ['entities', 'outbox', 'state'] as const;

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Creates and migrates the stores. Each format adds to the one before, so that no write is lost. */
function migrate(database: IDBDatabase, from: number): void {
  if (from >= 1) return;
  database.createObjectStore('entities', { keyPath: ['type', 'id'] });
  database.createObjectStore('outbox', { keyPath: 'n' });
  database.createObjectStore('state');
}

async function open(name: string): Promise<IDBDatabase> {
  const opening = (version?: number) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = ({ oldVersion }) => migrate(request.result, oldVersion);
    return done(request);
  };
  return opening(format).catch((error: unknown) => {
    // A newer version of the app has migrated it. Formats only add, so this version can use it too.
    if ((error as Error).name === 'VersionError') return opening();
    throw error;
  });
}

/** Opens the store with this name. If its connection is lost, it is opened once more; then the data is in memory. */
export async function openIndexedDb(name: string, { snapshot, lost }: IndexedDbOptions): Promise<Store> {
  let memory: Store | undefined;
  let isClosed = false;

  async function connect(): Promise<IDBDatabase> {
    const database = await open(name);
    // Another tab wants to migrate or remove it.
    database.onversionchange = () => {
      database.close();
      connection = undefined;
    };
    database.onclose = () => {
      connection = undefined;
    };
    return database;
  }
  let connection: Promise<IDBDatabase> | undefined = connect();
  await connection;

  const inTransaction = async <T>(mode: IDBTransactionMode, work: (of: IDBTransaction) => Promise<T>) => {
    connection ??= connect();
    const transaction = (await connection).transaction([...stores], mode);
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('The transaction was aborted.'));
    });
    try {
      const [result] = await Promise.all([work(transaction), ended]);
      return result;
    } catch (error) {
      ended.catch(() => undefined);
      throw error;
    }
  };
  async function attempt<T>(work: () => Promise<T>, inMemory: (store: Store) => Promise<T>): Promise<T> {
    if (memory) return inMemory(memory);
    try {
      return await work();
    } catch {
      connection = undefined;
      try {
        return await work();
      } catch (error) {
        if (isClosed) throw error;
        memory ??= createMemoryStore(snapshot());
        lost(error);
        return inMemory(memory);
      }
    }
  }

  async function readState(transaction: IDBTransaction): Promise<State> {
    const [state, outbox] = await Promise.all([
      done<Omit<State, 'outbox'> | undefined>(transaction.objectStore('state').get('state')),
      done<Entry[]>(transaction.objectStore('outbox').getAll()),
    ]);
    return { ...(state ?? emptyState), outbox };
  }
  const read = () =>
    inTransaction('readonly', async (transaction): Promise<Snapshot> => {
      const [state, entities] = await Promise.all([
        readState(transaction),
        done<Stored[]>(transaction.objectStore('entities').getAll()),
      ]);
      return { state, entities };
    });
  const change = (decide: (state: State) => Change | undefined) =>
    inTransaction('readwrite', async (transaction): Promise<Changed | undefined> => {
      const before = await readState(transaction);
      const wanted = decide(before);
      if (!wanted) return undefined;
      const state = nextState(before, wanted);
      const [entities, outbox] = [transaction.objectStore('entities'), transaction.objectStore('outbox')];
      for (const each of wanted.entities ?? []) {
        if (each.data === null) entities.delete([each.type, each.id]);
        else entities.put(each);
      }
      const kept = new Set(state.outbox);
      for (const each of before.outbox) if (!kept.has(each)) outbox.delete(each.n);
      const old = new Set(before.outbox);
      for (const each of state.outbox) if (!old.has(each)) outbox.put(each);
      const { outbox: _entries, ...rest } = state;
      transaction.objectStore('state').put(rest, 'state');
      return { state, entities: wanted.entities ?? [] };
    });

  return {
    read: () => attempt(read, (store) => store.read()),
    change: (decide) =>
      attempt(
        () => change(decide),
        (store) => store.change(decide),
      ),
    close() {
      isClosed = true;
      connection?.then((database) => database.close()).catch(() => undefined);
    },
    async destroy() {
      isClosed = true;
      (await connection?.catch(() => undefined))?.close();
      await done(indexedDB.deleteDatabase(name));
    },
  };
}
