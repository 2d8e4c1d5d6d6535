/** Addresses of screens. A change shows at once and without the network, because all screens are one page. */
import { useSyncExternalStore } from 'react';

const changed = new EventTarget();

/** Shows another screen. With `replace`, the back button does not lead to the present one. */
export function navigate(address: string, { replace = false } = {}): void {
  if (address === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  changed.dispatchEvent(new Event('change'));
}

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener);
  changed.addEventListener('change', listener);
  return () => {
    removeEventListener('popstate', listener);
    changed.removeEventListener('change', listener);
  };
}

/** The path and the query of the address; null on a server, which does not know it. */
export function useAddress(): URL | null {
  const href = useSyncExternalStore(
    subscribe,
    () => location.pathname + location.search,
    () => null,
  );
  return href === null ? null : new URL(href, 'http://app');
}

/** The address of the task's details beside the present screen; null closes them. */
export function detailsAddress(taskId: string | null): string {
  const url = new URL(location.href);
  if (taskId === null) url.searchParams.delete('task');
  else url.searchParams.set('task', taskId);
  return url.pathname + url.search;
}

/** The task whose details are open beside the list; null if none are. */
export const openedTask = (): string | null => new URL(location.href).searchParams.get('task');

/** Opens the details of a task, or closes them with null. The back button closes them, too. */
export const openDetails = (taskId: string | null): void =>
  navigate(detailsAddress(taskId), { replace: taskId === null || openedTask() !== null });
