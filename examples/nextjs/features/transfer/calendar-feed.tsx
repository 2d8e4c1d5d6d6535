'use client';
import { useEffect, useState } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { openOverlay } from '@/lib/overlays';
import { useLaneStatus, useTasklane } from '@/lib/tasklane';
import { Button } from '@/ui/button';
import { showToast } from '@/ui/toast';
import styles from './transfer.module.css';

const away = () => showToast({ text: 'The service cannot be reached. Try again later.' });

/** The secret address at which calendar programs read the tasks. */
export function CalendarFeedSettings() {
  const { lane } = useApp();
  const { client } = useTasklane();
  const { connection } = useLaneStatus();
  const feed = client.lane(lane.userId).calendarFeed;
  const [isActive, setActive] = useState<boolean>();
  const [url, setUrl] = useState<string | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the lane stays, and the feed is read again after a pause.
  useEffect(() => {
    feed.get().then(
      ({ active }) => setActive(active),
      () => undefined,
    );
  }, [lane, connection]);

  async function create() {
    try {
      const made = await feed.create();
      setUrl(made.url);
      setActive(true);
    } catch {
      away();
    }
  }
  async function revoke() {
    try {
      await feed.delete();
      setUrl(null);
      setActive(false);
    } catch {
      away();
    }
  }
  async function copy(address: string) {
    await navigator.clipboard.writeText(address);
    showToast({ text: 'The address is copied.', lasts: 3_000 });
  }
  const revoking = (
    <Button
      onClick={() =>
        openOverlay('confirm', {
          title: 'Revoke the address?',
          text: 'Calendars that use it no longer get your tasks.',
          action: 'Revoke',
          run: () => void revoke(),
        })
      }
    >
      Revoke
    </Button>
  );
  return (
    <>
      <p className={styles.hint}>
        A calendar program that has the address shows your tasks. Everybody who has it can read them.
      </p>
      {url !== null && (
        <>
          <input className={styles.url} readOnly aria-label="Address of the calendar" value={url} />
          <p className={styles.hint}>It shows only now. Copy it before you leave this page.</p>
        </>
      )}
      <div className={styles.actions}>
        {url !== null && (
          <Button look="primary" onClick={() => void copy(url)}>
            Copy the address
          </Button>
        )}
        {isActive === false && <Button onClick={() => void create()}>Create an address</Button>}
        {isActive && url === null && <Button onClick={() => void create()}>Replace the address</Button>}
        {isActive && revoking}
        {isActive === undefined && (
          <p className={styles.hint}>It shows as soon as the service can be reached.</p>
        )}
      </div>
    </>
  );
}
