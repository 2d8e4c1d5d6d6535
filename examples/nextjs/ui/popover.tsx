'use client';
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import styles from './popover.module.css';

export interface PopoverProps {
  /** Its name for screen readers. */
  readonly label: string;
  /** What it belongs to; without it, it is in the middle of the page. */
  readonly anchor?: Element | null | undefined;
  readonly onClose: () => void;
  readonly className?: string;
  readonly children: ReactNode;
}

const [gap, margin] = [6, 12];

/** Puts a box below its anchor, or above it if there is more room, and keeps it on the page. */
function place(box: HTMLElement, anchor: Element | null | undefined): void {
  const { width, height } = box.getBoundingClientRect();
  const [pageWidth, pageHeight] = [innerWidth, innerHeight];
  if (!anchor?.isConnected) {
    box.style.setProperty('--left', `${(pageWidth - width) / 2}px`);
    box.style.setProperty('--top', `${Math.max(margin, pageHeight * 0.2)}px`);
    return;
  }
  const around = anchor.getBoundingClientRect();
  const fitsBelow = around.bottom + gap + height + margin <= pageHeight;
  const top =
    fitsBelow || around.top < pageHeight - around.bottom ? around.bottom + gap : around.top - gap - height;
  box.style.setProperty('--top', `${Math.max(margin, Math.min(top, pageHeight - height - margin))}px`);
  box.style.setProperty('--left', `${Math.max(margin, Math.min(around.left, pageWidth - width - margin))}px`);
}

/** A box beside its anchor; on phones a sheet at the bottom. Escape and a click beside it close it. */
export function Popover({ label, anchor, onClose, className = '', children }: PopoverProps) {
  const ref = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useLayoutEffect(() => {
    const box = ref.current as HTMLDivElement;
    box.showPopover();
    place(box, anchor);
    const first = box.querySelector<HTMLElement>('[autofocus], [data-autofocus]') ?? box;
    first.focus();
  }, [anchor]);
  useEffect(() => {
    const box = ref.current as HTMLDivElement;
    const toggled = (event: ToggleEvent) => {
      if (event.newState === 'closed') close.current();
    };
    // Unlike `toggle`, it comes before the next key.
    box.addEventListener('beforetoggle', toggled);
    const resized = () => place(box, anchor);
    addEventListener('resize', resized);
    return () => {
      box.removeEventListener('beforetoggle', toggled);
      removeEventListener('resize', resized);
    };
  }, [anchor]);
  return (
    <div
      ref={ref}
      popover="auto"
      role="dialog"
      aria-label={label}
      tabIndex={-1}
      className={`${styles.popover} ${className}`}
    >
      {children}
    </div>
  );
}
