'use client';
import { type ReactNode, useEffect } from 'react';
import { openOverlay } from '@/lib/overlays';
import { Button } from '@/ui/button';
import styles from './screen.module.css';

/** A heading, and what stands below it. */
export function ScreenFrame({
  title,
  detail,
  actions,
  isWide = false,
  children,
}: {
  title: string;
  detail?: ReactNode;
  actions?: ReactNode;
  /** Whether it takes the whole width of the page. */
  isWide?: boolean;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Tasklane`;
  }, [title]);
  return (
    <div className={styles.frame} data-wide={isWide || undefined}>
      <header className={styles.header}>
        <h1 tabIndex={-1}>{title}</h1>
        {detail && <p className={styles.detail}>{detail}</p>}
        <div className={styles.actions}>{actions}</div>
      </header>
      {children}
    </div>
  );
}

/** An empty list: one sentence and one action. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <p>{children}</p>
      {action ?? <Button onClick={() => openOverlay('quick-add', {})}>Add a task</Button>}
    </div>
  );
}
