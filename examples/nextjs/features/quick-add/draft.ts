/** The text of a new task. It survives a reload. */
import { createStore } from '@/lib/store';
import type { Rejected } from './reading';

export interface Draft {
  readonly text: string;
  readonly rejected: Rejected;
}

const key = 'tasklane app draft';
const empty: Draft = { text: '', rejected: [] };

function read(): Draft {
  try {
    return { ...empty, ...JSON.parse(localStorage.getItem(key) ?? '{}') };
  } catch {
    return empty;
  }
}

export const draft = createStore<Draft>(typeof localStorage === 'undefined' ? empty : read());

export function setDraft(next: Draft): void {
  draft.set(next);
  try {
    if (next.text === '') localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(next));
  } catch {
    // Without storage it lasts as long as the page.
  }
}

export const clearDraft = (): void => setDraft(empty);
