/** The task that the keys act on, and the tasks that the user has marked. */
import { createStore } from './store';

export interface Selection {
  /** The task whose row had the focus last. */
  readonly focused: string | null;
  readonly marked: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

export const selection = createStore<Selection>({ focused: null, marked: none });

export function setFocused(focused: string | null): void {
  if (selection.get().focused !== focused) selection.set({ ...selection.get(), focused });
}

export function toggleMark(taskId: string): void {
  const marked = new Set(selection.get().marked);
  if (!marked.delete(taskId)) marked.add(taskId);
  selection.set({ ...selection.get(), marked });
}

export function clearMarks(): void {
  if (selection.get().marked.size > 0) selection.set({ ...selection.get(), marked: none });
}
