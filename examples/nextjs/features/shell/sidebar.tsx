'use client';
import { AccountMenu } from '@/features/account/account-menu';
import { openOverlay } from '@/lib/overlays';
import { Icon } from '@/ui/icons';
import { Keys } from '@/ui/keys';
import { Navigation } from './navigation';
import styles from './sidebar.module.css';

export function Sidebar({ current, rest, inert }: { current: string; rest: string; inert: boolean }) {
  return (
    <nav className={styles.sidebar} aria-label="Main" inert={inert}>
      <div className={styles.top}>
        <AccountMenu />
      </div>
      <button type="button" className={styles.add} onClick={() => openOverlay('quick-add', {})}>
        <Icon name="plus" />
        <span>Add a task</span>
        <Keys keys="q" />
      </button>
      <button type="button" className={styles.search} onClick={() => openOverlay('palette', {})}>
        <Icon name="search" />
        <span>Search</span>
        <Keys keys="Mod+k" />
      </button>
      <div className={styles.links}>
        <Navigation current={current} rest={rest} />
      </div>
    </nav>
  );
}
