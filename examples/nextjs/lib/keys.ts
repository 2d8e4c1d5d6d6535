/** Finds the command of a key. */
import type { Command } from './commands';

const isApple = () => typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

/** How a key is called in a command. */
export function nameOf(event: KeyboardEvent): string {
  const isMod = isApple() ? event.metaKey : event.ctrlKey;
  const key = event.key.length === 1 ? event.key : event.key;
  // Alt changes the letters of a keyboard, and shift is part of the letter.
  const named =
    event.altKey && /^(Key|Digit)/.test(event.code)
      ? event.code.replace(/^(Key|Digit)/, '').toLowerCase()
      : key;
  const shift = event.shiftKey && named.length > 1 ? 'Shift+' : '';
  return `${isMod ? 'Mod+' : ''}${event.altKey ? 'Alt+' : ''}${shift}${named}`;
}

/** Whether a key alone is a command, so that it can be switched off (WCAG 2.1.4). */
export const isSingle = (keys: string): boolean =>
  !/Mod\+|Alt\+/.test(keys) && !/^(Escape|Enter|Arrow|Delete|Backspace)/.test(keys);

const symbols: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Enter: '↵',
  Escape: 'Esc',
  Backspace: '⌫',
};

/** The keys as people read them, one text for each key to press. */
export function showKeys(keys: string): readonly string[] {
  return keys.split(' ').flatMap((stroke) =>
    stroke.split(/\+(?=.)/).map((part) => {
      if (part === 'Mod') return isApple() ? '⌘' : 'Ctrl';
      if (part === 'Alt') return isApple() ? '⌥' : 'Alt';
      return symbols[part] ?? (part.length === 1 ? part.toUpperCase() : part);
    }),
  );
}

const sequenceMs = 1_200;

/** Follows the keys that are pressed. Returns the commands that a key ends; a sequence such as `g t` waits for its end. */
export function createKeyReader(commands: readonly Command[]) {
  let first: { readonly name: string; readonly at: number } | undefined;
  const matching = (keys: string) => commands.filter((command) => command.keys?.includes(keys));
  const begins = (name: string) =>
    commands.some((each) => each.keys?.some((keys) => keys.startsWith(`${name} `)));
  return (event: KeyboardEvent): readonly Command[] => {
    const name = nameOf(event);
    const before = first && event.timeStamp - first.at < sequenceMs ? first.name : undefined;
    first = undefined;
    const ended = before === undefined ? [] : matching(`${before} ${name}`);
    if (ended.length > 0) return ended;
    if (begins(name)) first = { name, at: event.timeStamp };
    return matching(name);
  };
}
