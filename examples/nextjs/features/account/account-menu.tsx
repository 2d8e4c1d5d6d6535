'use client';
import { useRef, useState } from 'react';
import { changes } from '@/features/sync/words';
import { authClient } from '@/lib/auth-client';
import { openOverlay } from '@/lib/overlays';
import { preferences, setPreference } from '@/lib/preferences';
import { useStore } from '@/lib/store';
import { UnsentWritesError, useTasklane } from '@/lib/tasklane';
import { Icon } from '@/ui/icons';
import { Menu } from '@/ui/menu';
import styles from './account-menu.module.css';

const themes = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;

/** Who is signed in, the theme, and the sign-out. */
export function AccountMenu() {
  const anchor = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const { data } = authClient.useSession();
  const { signOut } = useTasklane();
  const { theme } = useStore(preferences);
  const name = data?.user.name ?? '';

  async function leave(discard: boolean) {
    try {
      await signOut({ discard });
    } catch (error) {
      if (!(error instanceof UnsentWritesError)) throw error;
      openOverlay('confirm', {
        title: 'Sign out?',
        text: `${changes(error.pending)} of this device ${error.pending === 1 ? 'is' : 'are'} not saved yet, and would be lost.`,
        action: 'Sign out and lose them',
        run: () => void leave(true),
      });
      return;
    }
    await authClient.signOut();
    location.assign('/sign-in');
  }

  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={styles.button}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-label={`Account of ${name}`}
        onClick={() => setOpen(true)}
      >
        <span className={styles.letter}>
          {name.slice(0, 1).toUpperCase() || <Icon name="person" size={16} />}
        </span>
        <span className={styles.name}>{name}</span>
      </button>
      {isOpen && (
        <Menu
          label="Account"
          anchor={anchor.current}
          onClose={() => setOpen(false)}
          items={[
            ...Object.entries(themes).map(([id, title]) => ({
              id,
              title: `Theme: ${title}`,
              isChecked: theme === id,
              run: () => setPreference({ theme: id as keyof typeof themes }),
            })),
            { id: 'sign-out', title: 'Sign out', run: () => void leave(false) },
          ]}
        />
      )}
    </>
  );
}
