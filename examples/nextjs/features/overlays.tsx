'use client';
/** The components of all overlays. */
import { type ComponentType, lazy, Suspense, useEffect } from 'react';
import { closeOverlay, type OverlayName, type Overlays, overlay } from '@/lib/overlays';
import { focusRow } from '@/lib/rows';
import { useStore } from '@/lib/store';
import { showToast } from '@/ui/toast';
import { Palette } from './palette/palette';
import { GoToProject } from './pickers/go-to-project';
import { PriorityMenu } from './pickers/priority-menu';
import { ProjectPicker } from './pickers/project-picker';
import { TagPicker } from './pickers/tag-picker';
import { QuickAdd } from './quick-add/quick-add';
import { SchedulePopover } from './schedule/schedule-popover';
import { Boundary } from './shell/boundary';

const components: { [Name in OverlayName]: ComponentType<Overlays[Name] & { onClose: () => void }> } = {
  confirm: lazy(() => import('./confirm/confirm')),
  palette: Palette,
  help: lazy(() => import('./help/help')),
  'quick-add': QuickAdd,
  schedule: SchedulePopover,
  'pick-project': ProjectPicker,
  'pick-tags': TagPicker,
  'pick-priority': PriorityMenu,
  'go-to-project': GoToProject,
};

function failed(): void {
  closeOverlay();
  showToast({ text: 'This cannot be shown. Load the page again.' });
}

/** Shows the overlay that is open. Afterwards the focus goes back to where it was, or to the row that took its place. */
export function OverlayHost() {
  const open = useStore(overlay);
  useEffect(() => {
    if (!open) return;
    const { before } = open;
    return () => {
      requestAnimationFrame(() => {
        if (overlay.get() || (document.activeElement && document.activeElement !== document.body)) return;
        if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus();
        else focusRow();
      });
    };
  }, [open]);
  if (!open) return null;
  const Component = components[open.name] as ComponentType<object>;
  return (
    <Boundary key={open.name} onError={failed}>
      <Suspense>
        <Component {...open.props} {...{ onClose: closeOverlay }} />
      </Suspense>
    </Boundary>
  );
}
