'use client';
import { commands } from '@/features/commands';
import type { Command } from '@/lib/commands';
import { isSingle, showKeys } from '@/lib/keys';
import { preferences, setPreference } from '@/lib/preferences';
import { useStore } from '@/lib/store';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Icon } from '@/ui/icons';
import { Switch } from '@/ui/switch';
import styles from './help.module.css';

declare module '@/lib/overlays' {
  interface Overlays {
    help: object;
  }
}

const groups: readonly Command['group'][] = ['Tasks', 'Go to', 'App'];

/** The keys of all commands, and the setting that switches the single ones off. */
export default function Help({ onClose }: { onClose: () => void }) {
  const { singleKeys } = useStore(preferences);
  return (
    <Dialog label="Keyboard shortcuts" onClose={onClose} className={styles.dialog}>
      <header className={styles.header}>
        <h2>Keyboard shortcuts</h2>
        <Button look="icon" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </Button>
      </header>
      <div className={styles.setting}>
        <Switch isOn={singleKeys} onChange={(isOn) => setPreference({ singleKeys: isOn })}>
          Single keys are shortcuts
        </Switch>
      </div>
      <div className={styles.groups}>
        {groups.map((group) => (
          <section key={group} aria-label={group}>
            <h3>{group}</h3>
            <dl>
              {commands
                .filter((each) => each.group === group && each.keys)
                .map(({ id, title, keys = [] }) => (
                  <div key={id} className={styles.line}>
                    <dt>{title}</dt>
                    <dd>
                      {keys.map((each) => (
                        <span
                          key={each}
                          className={styles.keys}
                          data-off={(!singleKeys && isSingle(each)) || undefined}
                        >
                          {showKeys(each).map((key) => (
                            <kbd key={key}>{key}</kbd>
                          ))}
                        </span>
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
