/** The rows of the list on the page, for the keys. */
import { selection, setFocused } from './selection';

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('main [data-task]')];
const idOf = (row: HTMLElement): string => row.dataset.task as string;

export const rowOf = (taskId: string): HTMLElement | undefined => rows().find((row) => idOf(row) === taskId);

/** The row that the keys act on. */
export const focusedRow = (): HTMLElement | undefined => {
  const { focused } = selection.get();
  return focused === null ? undefined : rowOf(focused);
};

function focus(row: HTMLElement | undefined): void {
  if (!row) return;
  setFocused(idOf(row));
  row.focus();
  row.scrollIntoView({ block: 'nearest' });
}

/** Moves the focus to the row `distance` below the present one; without a distance, to the present or the first row. */
export function focusRow(distance = 0): void {
  const all = rows();
  const index = all.findIndex((row) => idOf(row) === selection.get().focused);
  focus(
    all[
      index < 0
        ? distance < 0
          ? all.length - 1
          : 0
        : Math.max(0, Math.min(index + distance, all.length - 1))
    ],
  );
}

export const focusTask = (taskId: string): void => focus(rowOf(taskId));

/** The row that takes the place of rows that disappear: the next one that stays, or the one before. */
export function rowAfter(leaving: ReadonlySet<string>): string | null {
  const all = rows().map(idOf);
  const last = all.findLastIndex((id) => leaving.has(id));
  const next = all.slice(last + 1).find((id) => !leaving.has(id));
  return next ?? all.slice(0, Math.max(last, 0)).findLast((id) => !leaving.has(id)) ?? null;
}
