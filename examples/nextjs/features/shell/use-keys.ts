import { useEffect } from 'react';
import { commands } from '@/features/commands';
import { createKeyReader, isSingle, nameOf } from '@/lib/keys';
import { overlay } from '@/lib/overlays';
import { preferences } from '@/lib/preferences';
import { useApp } from './app-provider';

const isEditable = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Keys that a button or a link uses itself. */
const isActivation = (event: KeyboardEvent): boolean =>
  event.key === 'Enter' && (event.target as Element).closest('button, a') !== null;

/** Runs the commands of the keys. Fields and open dialogs have their keys for themselves. */
export function useKeys(): void {
  const app = useApp();
  useEffect(() => {
    const read = createKeyReader(commands);
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || overlay.get() || isActivation(event)) return;
      const name = nameOf(event);
      const isOff = isSingle(name) && !preferences.get().singleKeys;
      if (isOff || (isEditable(event.target) && !/^Mod\+[a-y]$|^Escape$/.test(name))) return;
      const command = read(event).find(({ when }) => when?.(app) ?? true);
      if (!command) return;
      event.preventDefault();
      command.run(app);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [app]);
}
