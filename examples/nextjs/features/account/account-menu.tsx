'use client';
import { useRef, useState } from 'react';
import { authClient } from '@/lib/auth-client';
import { preferences, setPreference } from '@/lib/preferences';
import { useStore } from '@/lib/store';
import { Icon } from '@/ui/icons';
import { Menu } from '@/ui/menu';
import styles from './account-menu.module.css';
import { useLeave } from './use-leave';

const themes = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;

/** Who is signed in, the theme, and the sign-out. */
export function AccountMenu() {
  const anchor = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const { data } = authClient.useSession();
  const leave = useLeave();
  const { theme } = useStore(preferences);
  const name = data?.user.name ?? '';

  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={styles.button}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(true)}
      >
        <span className={styles.letter} aria-hidden="true">
          {name.slice(0, 1).toUpperCase() || <Icon name="person" size={16} />}
        </span>
        <span className={styles.name}>
          <span className="visually-hidden">Account of </span>
          {name}
        </span>
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
            { id: 'sign-out', title: 'Sign out', run: () => void leave() },
          ]}
        />
      )}
    </>
  );
}
