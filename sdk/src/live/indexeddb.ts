/** A store in IndexedDB, for all tabs of a browser. */
import type { Stored } from './entities.js';
import type { Entry } from './entries.js';
import { migrations } from './formats.js';
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

// A frozen tab blocks migrations, and some browsers do not tell.
const openMs = 10_000;
const partSize = 2_000;
const stores = ['entities', 'outbox', 'state'] as const;

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Opens the database, and migrates it. @throws if `mustExist` and the browser has removed it, or if a frozen tab blocks it */
async function open(name: string, mustExist: boolean): Promise<IDBDatabase> {
  const opening = (version?: number) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = ({ oldVersion }) => {
      const transaction = request.transaction as IDBTransaction;
      if (mustExist && oldVersion === 0) transaction.abort();
      else for (const migrate of migrations.slice(oldVersion)) migrate(request.result, transaction);
    };
    return new Promise<IDBDatabase>((resolve, reject) => {
      const giveUp = () => {
        request.onsuccess = () => request.result.close();
        reject(new Error('The database does not open.'));
      };
      const timer = setTimeout(giveUp, openMs);
      done(request)
        .finally(() => clearTimeout(timer))
        .then(resolve, reject);
    });
  };
  return opening(migrations.length).catch((error: unknown) => {
    // A newer version of the app has migrated it. Formats only add, so this version can use it too.
    if ((error as Error).name === 'VersionError') return opening();
    throw error;
  });
}

/**
 * Opens the store with this name. If its connection is lost, it is opened once more. If that fails, or if the browser has
 * removed the database, the data is in memory from then on.
 */
export async function openIndexedDb(name: string, { snapshot, lost }: IndexedDbOptions): Promise<Store> {
  let memory: Store | undefined;
  let isClosed = false;

  async function connect(mustExist: boolean): Promise<IDBDatabase> {
    const database = await open(name, mustExist);
    // Another tab wants to migrate or remove it.
    database.onversionchange = database.onclose = disconnect;
    return database;
  }
  let connection: Promise<IDBDatabase> | undefined = connect(false);
  await connection;
  function disconnect(): void {
    connection?.then((database) => database.close()).catch(() => undefined);
    connection = undefined;
  }

  const inTransaction = async <T>(mode: IDBTransactionMode, work: (of: IDBTransaction) => Promise<T>) => {
    // A database that is not there any more must not begin again without what only this tab has.
    connection ??= connect(true);
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
      disconnect();
      try {
        return await work();
      } catch (error) {
        if (isClosed) throw error;
        disconnect();
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
  /** Reads all entities, a part at a time, so that the page stays responsive. */
  async function readEntities(transaction: IDBTransaction): Promise<Stored[]> {
    const [store, entities]: [IDBObjectStore, Stored[]] = [transaction.objectStore('entities'), []];
    for (;;) {
      const last = entities.at(-1);
      const range = last && IDBKeyRange.lowerBound([last.type, last.id], true);
      const part = await done<Stored[]>(store.getAll(range, partSize));
      entities.push(...part);
      if (part.length < partSize) return entities;
    }
  }
  const read = () =>
    inTransaction('readonly', async (transaction): Promise<Snapshot> => {
      const [state, entities] = await Promise.all([readState(transaction), readEntities(transaction)]);
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
      disconnect();
    },
    async destroy() {
      isClosed = true;
      disconnect();
      await done(indexedDB.deleteDatabase(name));
    },
  };
}
