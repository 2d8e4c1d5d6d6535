'use client';
import { type ReactNode, useLayoutEffect, useRef } from 'react';
import styles from './dialog.module.css';

export interface DialogProps {
  /** Its name for screen readers. */
  readonly label: string;
  readonly onClose: () => void;
  /** `top` leaves the list visible below, `sheet` comes from the bottom on phones. */
  readonly place?: 'top' | 'center' | 'sheet';
  readonly className?: string;
  readonly children: ReactNode;
}

/** A modal dialog. Escape and a click beside it close it. */
export function Dialog({ label, onClose, place = 'center', className = '', children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  // Before the content measures itself.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // Closing before it leaves the page gives the focus back to where it was.
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, which is the event `cancel`.
    <dialog
      ref={ref}
      aria-label={label}
      className={`${styles.dialog} ${styles[place]} ${className}`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className={styles.body}>{children}</div>
    </dialog>
  );
}
