'use client';
import { type ReactNode, useEffect } from 'react';
import { createStore, useStore } from '@/lib/store';
import { Keys } from './keys';
import styles from './toast.module.css';

export interface Toast {
  readonly text: ReactNode;
  readonly action?: { readonly label: string; readonly keys?: string; readonly run: () => void } | undefined;
  /** Milliseconds for which it shows. */
  readonly lasts?: number;
}

const current = createStore<(Toast & { readonly id: number }) | null>(null);
let count = 0;

/** Shows a short message at the bottom. It replaces the one before. */
export function showToast(toast: Toast): void {
  count++;
  current.set({ ...toast, id: count });
}

export const hideToast = (): void => current.set(null);

/** The place of the messages. */
export function Toasts() {
  const toast = useStore(current);
  useEffect(() => {
    if (!toast) return;
    const timer = setTimeout(hideToast, toast.lasts ?? 6_000);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div className={styles.place} role="status">
      {toast && (
        <div key={toast.id} className={styles.toast}>
          <span className={styles.text}>{toast.text}</span>
          {toast.action && (
            <button
              type="button"
              className={styles.action}
              onClick={() => {
                hideToast();
                toast.action?.run();
              }}
            >
              {toast.action.label}
              {toast.action.keys && <Keys keys={toast.action.keys} />}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
