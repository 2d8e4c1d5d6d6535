import type { AppContext } from '@/lib/app-context';
import type { Command } from '@/lib/commands';
import { history, type Step } from '@/lib/undo';
import { showToast } from '@/ui/toast';

/** Says what was done, and offers to take it back. */
export function showUndo(app: AppContext, step: Step, text: string = step.label): void {
  showToast({ text, action: { label: 'Undo', keys: 'z', run: () => void undo(app, step) } });
}

async function undo(app: AppContext, step?: Step): Promise<void> {
  const undone = await app.actions.undo(step);
  showToast({ text: undone ? `Undone: ${undone.label}` : 'There is nothing to undo.', lasts: 3_000 });
}

export const undoCommands: readonly Command[] = [
  {
    id: 'undo',
    title: 'Undo',
    group: 'App',
    keys: ['z', 'Mod+z'],
    when: () => history.get().length > 0,
    run: (app) => void undo(app),
  },
];
