/** Settings of this device. */
import { createStore } from './store';

export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  /** Whether single keys are commands (WCAG 2.1.4). */
  readonly singleKeys: boolean;
  /** What the columns of the board are. */
  readonly board: 'status' | 'priority';
  /** Whether reminders show as notifications of this device. */
  readonly notifies: boolean;
}

const key = 'tasklane app preferences';
const defaults: Preferences = { theme: 'system', singleKeys: true, board: 'status', notifies: false };

function read(): Preferences {
  try {
    return { ...defaults, ...JSON.parse(localStorage.getItem(key) ?? '{}') };
  } catch {
    return defaults;
  }
}

export const preferences = createStore<Preferences>(defaults);

export function setPreference(change: Partial<Preferences>): void {
  preferences.set({ ...preferences.get(), ...change });
  try {
    localStorage.setItem(key, JSON.stringify(preferences.get()));
  } catch {
    // Without storage they last as long as the page.
  }
}

/** Reads the preferences. They are the defaults until then, as on the server. */
export const loadPreferences = (): void => preferences.set(read());
