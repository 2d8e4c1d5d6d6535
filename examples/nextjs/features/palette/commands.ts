import type { Command } from '@/lib/commands';
import { openOverlay } from '@/lib/overlays';

export const paletteCommands: readonly Command[] = [
  {
    id: 'palette',
    title: 'Search tasks and commands',
    group: 'App',
    keys: ['Mod+k', '/'],
    // It is open already.
    hidden: true,
    run: () => openOverlay('palette', {}),
  },
];
