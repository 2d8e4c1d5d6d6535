'use client';
import { openOverlay } from '@/lib/overlays';
import { Icon, type IconName } from '@/ui/icons';
import styles from './bottom-bar.module.css';
import { Link } from './link';

const left: readonly [id: string, title: string, icon: IconName][] = [
  ['today', 'Today', 'today'],
  ['upcoming', 'Upcoming', 'upcoming'],
];
const right: readonly [id: string, title: string, icon: IconName][] = [
  ['inbox', 'Inbox', 'inbox'],
  ['browse', 'Browse', 'all'],
];

/** The navigation of phones. */
export function BottomBar({ current, inert }: { current: string; inert: boolean }) {
  const link = ([id, title, icon]: readonly [string, string, IconName]) => (
    <Link key={id} href={`/${id}`} className={styles.link} aria-current={current === id ? 'page' : undefined}>
      <Icon name={icon} size={22} />
      {title}
    </Link>
  );
  return (
    <nav className={styles.bar} aria-label="Main" inert={inert}>
      {left.map(link)}
      <button
        type="button"
        className={styles.add}
        aria-label="Add a task"
        onClick={() => openOverlay('quick-add', {})}
      >
        <Icon name="plus" size={24} />
      </button>
      {right.map(link)}
    </nav>
  );
}
