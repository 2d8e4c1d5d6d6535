'use client';
import { Link } from '@/features/shell/link';
import { useLaneStatus } from '@/lib/tasklane';
import { Icon, type IconName } from '@/ui/icons';
import styles from './sign.module.css';
import { changes } from './words';

interface Sign {
  readonly icon: IconName;
  readonly text: string;
  readonly href?: string;
  /** Whether it waits a moment, because most changes are sent at once. */
  readonly isLate?: boolean;
}

function useSign(): Sign | undefined {
  const { connection, complete, pending, failed, durable } = useLaneStatus();
  const unsent = pending > 0 ? ` · ${changes(pending)} to send` : '';
  if (failed > 0) {
    return { icon: 'warning', text: `${changes(failed)} not saved${unsent}`, href: '/failed' };
  }
  if (connection === 'signed-out')
    return { icon: 'person', text: `Sign in again${unsent}`, href: '/sign-in' };
  if (connection === 'offline') return { icon: 'offline', text: `Offline${unsent}`, isLate: pending === 0 };
  if (pending > 0) return { icon: 'sync', text: `${changes(pending)} to send`, isLate: true };
  if (connection === 'connecting') return { icon: 'sync', text: 'Connecting', isLate: true };
  if (complete && !durable) return { icon: 'warning', text: 'Kept only in this tab' };
  return undefined;
}

/** The only sign of the connection. As long as everything is saved, there is none. */
export function SyncSign() {
  const sign = useSign();
  const content = sign && (
    <>
      <Icon name={sign.icon} size={16} />
      <span>{sign.text}</span>
    </>
  );
  return (
    <div className={styles.place} role="status" data-sync={sign?.text}>
      {sign?.href === '/sign-in' ? (
        <a href={sign.href} className={styles.sign}>
          {content}
        </a>
      ) : sign?.href ? (
        <Link href={sign.href} className={styles.sign}>
          {content}
        </Link>
      ) : (
        sign && (
          <p className={styles.sign} data-late={sign.isLate || undefined}>
            {content}
          </p>
        )
      )}
    </div>
  );
}
