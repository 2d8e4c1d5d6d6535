/**
 * Edits that were not saved yet when the page was left. A browser may end a page before it has stored a write, but it always
 * stores this.
 */
import type { LiveLane, TaskPatch } from './tasklane';

const keyOf = (lane: LiveLane): string => `tasklane app unsaved ${lane.userId}`;

function read(lane: LiveLane): Record<string, TaskPatch> {
  try {
    return JSON.parse(localStorage.getItem(keyOf(lane)) ?? '{}');
  } catch {
    return {};
  }
}

/** Keeps an edit of a task for the next start of the app. */
export function keepUnsaved(lane: LiveLane, taskId: string, patch: TaskPatch): void {
  const edits = read(lane);
  try {
    localStorage.setItem(keyOf(lane), JSON.stringify({ ...edits, [taskId]: { ...edits[taskId], ...patch } }));
  } catch {
    // Without storage, the last words are lost.
  }
}

/** Saves what was kept. */
export function saveUnsaved(lane: LiveLane): void {
  const edits = Object.entries(read(lane));
  if (edits.length === 0) return;
  localStorage.removeItem(keyOf(lane));
  for (const [taskId, patch] of edits) lane.tasks.update(taskId, patch);
}
