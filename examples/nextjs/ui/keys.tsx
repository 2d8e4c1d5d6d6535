import { showKeys } from '@/lib/keys';
import styles from './keys.module.css';

/** The keys of a command, as in `Command.keys`. They are a hint for the eyes. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className={styles.keys} aria-hidden="true">
      {showKeys(keys).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}
