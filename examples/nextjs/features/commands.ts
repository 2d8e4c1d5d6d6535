/** All commands. Where two have the same key, the first that can run is the one that runs. */
import type { Command } from '@/lib/commands';
import { navigate } from '@/lib/router';
import { type Screen, screens } from '@/lib/screens';
import { helpCommands } from './help/commands';
import { paletteCommands } from './palette/commands';
import { pickerCommands } from './pickers/commands';
import { quickAddCommands } from './quick-add/commands';
import { scheduleCommands } from './schedule/commands';
import { taskCommands } from './tasks/commands';
import { undoCommands } from './undo/commands';

const screenCommands = screens.flatMap(({ id, title, keys }: Screen): Command[] =>
  keys
    ? [
        {
          id: `go.${id}`,
          title: `Go to ${title}`,
          group: 'Go to',
          keys: [keys],
          run: () => navigate(`/${id}`),
        },
      ]
    : [],
);

export const commands: readonly Command[] = [
  ...quickAddCommands,
  ...taskCommands,
  ...scheduleCommands,
  ...pickerCommands,
  ...undoCommands,
  ...paletteCommands,
  ...helpCommands,
  ...screenCommands,
];
