/** The dialog or popover that is open: one at a time. Each feature adds its own to `Overlays`, and its component to features/overlays.tsx. */
import { createStore } from './store';

// biome-ignore lint/suspicious/noEmptyInterface: features add to it.
export interface Overlays {}

export type OverlayName = keyof Overlays;

export interface OpenOverlay<Name extends OverlayName = OverlayName> {
  readonly name: Name;
  readonly props: Overlays[Name];
  /** What had the focus before. */
  readonly before: Element | null;
}

export const overlay = createStore<OpenOverlay | null>(null);

export function openOverlay<Name extends OverlayName>(name: Name, props: Overlays[Name]): void {
  const before = overlay.get()?.before ?? document.activeElement;
  overlay.set({ name, props, before } as OpenOverlay);
}

export const closeOverlay = (): void => overlay.set(null);
