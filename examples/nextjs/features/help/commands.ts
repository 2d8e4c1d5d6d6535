import type { Command } from '@/lib/commands';
import { openOverlay } from '@/lib/overlays';

export const helpCommands: readonly Command[] = [
  {
    id: 'help',
    title: 'Show the keyboard shortcuts',
    group: 'App',
    keys: ['?'],
    words: 'help keys hotkeys',
    run: () => openOverlay('help', {}),
  },
];
