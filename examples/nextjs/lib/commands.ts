/**
 * What the user can do. The keys, the palette, the menus and the help all read the same commands. A feature exports its
 * commands, and features/commands.ts lists them.
 */
import type { AppContext } from './app-context';

export interface Command {
  /** Unique, such as `task.complete`. */
  readonly id: string;
  /** What it does, as a short imperative sentence. */
  readonly title: string;
  readonly group: 'Tasks' | 'Go to' | 'App';
  /**
   * The keys, any of them: `e`, `?`, `Alt+ArrowUp`, `Mod+k` (⌘ on Apple's systems, otherwise Ctrl), or a sequence such as
   * `g t`.
   */
  readonly keys?: readonly string[];
  /** Words that find it in the palette besides its title. */
  readonly words?: string;
  /** Whether it can run now; by default always. */
  readonly when?: (app: AppContext) => boolean;
  readonly run: (app: AppContext) => void;
  /** Whether it is only for keys, and not in the palette. */
  readonly hidden?: boolean;
}

/** Whether there is a task that a command can change. */
export const hasTasks = ({ tasks }: AppContext): boolean => tasks().length > 0;
