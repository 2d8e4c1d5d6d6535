/**
 * Writes of a page that ended before IndexedDB had stored them, which takes some milliseconds. The page keeps them in
 * `localStorage` when it ends, and the next tab of the same lane takes them up.
 */
import type { Entry } from './entries.js';

export interface Leftovers {
  /** Removes what this page has kept. The page came back and has stored it. */
  clear(): void;
  /** Returns the writes that pages have left, and removes them. */
  take(): Entry[];
}

/**
 * Watches for the end of the page.
 * @param name the name of the lane's store
 * @param unstored the writes that are not stored yet
 * @param onLeft called when another tab has left writes
 */
export function watchLeftovers(
  name: string,
  unstored: () => Iterable<Entry>,
  onLeft: () => void,
  signal: AbortSignal,
): Leftovers {
  const prefix = `${name} unstored `;
  let own: string | undefined;
  // Access to localStorage throws if the user has forbidden it.
  const attempt = <T>(work: (storage: Storage) => T): T | undefined => {
    try {
      return work(localStorage);
    } catch {
      return undefined;
    }
  };
  const keep = () => {
    const entries = [...unstored()];
    if (!entries[0]) return;
    own = prefix + entries[0].key;
    attempt((storage) => storage.setItem(own as string, JSON.stringify(entries)));
  };
  globalThis.addEventListener?.('pagehide', keep, { signal });
  const look = ({ key, newValue }: StorageEvent) => {
    if (key?.startsWith(prefix) && newValue) onLeft();
  };
  globalThis.addEventListener?.('storage', look as EventListener, { signal });

  return {
    clear() {
      if (own) attempt((storage) => storage.removeItem(own as string));
      own = undefined;
    },
    take: () =>
      attempt((storage) =>
        Object.keys(storage)
          .filter((key) => key.startsWith(prefix))
          .flatMap((key) => {
            const entries = JSON.parse(storage.getItem(key) ?? '[]') as Entry[];
            storage.removeItem(key);
            return entries;
          }),
      ) ?? [],
  };
}
