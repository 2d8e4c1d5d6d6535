'use client';
import { useEffect, useState } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { sayDate } from '@/lib/dates';
import { type ClientEntry, type UndoReport, useLaneStatus, useTasklane } from '@/lib/tasklane';
import { useToday } from '@/lib/use-today';
import { Button } from '@/ui/button';
import { showToast } from '@/ui/toast';
import styles from './clients.module.css';

const sayScopes = (scopes: readonly string[]): string =>
  scopes.includes('tasklane:write') ? 'Reads and changes' : 'Only reads';

function sayUndone({ requests, entities }: UndoReport): string {
  if (requests.length === 0) return 'It has changed nothing that can be taken back.';
  const left = entities.filter((each) => each.left.length > 0).length;
  if (left === 0) return 'Its last change is taken back.';
  return `Its last change is taken back, except what was changed since: ${left} of ${entities.length}.`;
}

/** The programs that act for the user, such as agents. Each can be cut off, and readmitted. */
export function ClientSettings() {
  const { lane } = useApp();
  const { client } = useTasklane();
  const { connection } = useLaneStatus();
  const today = useToday();
  const remote = client.lane(lane.userId);
  const own = remote.clients;
  const [entries, setEntries] = useState<readonly ClientEntry[]>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: the lane stays, and the list is read again after a pause.
  useEffect(() => {
    own.list().then(
      ({ items }) => setEntries(items),
      () => undefined,
    );
  }, [lane, connection]);

  async function attempt(work: () => Promise<void>) {
    try {
      await work();
    } catch {
      showToast({ text: 'The service cannot be reached. Try again later.' });
    }
  }
  const toggle = ({ id, cut_off_at }: ClientEntry) =>
    attempt(async () => {
      const changed = await (cut_off_at === null ? own.cutOff(id) : own.readmit(id));
      setEntries((all) => all?.map((each) => (each.id === id ? changed : each)));
    });
  const undo = ({ client_id }: ClientEntry) =>
    attempt(async () => showToast({ text: sayUndone(await remote.undo({ last: { client_id } })) }));
  if (!entries) return <p className={styles.detail}>They show as soon as the service can be reached.</p>;
  if (entries.length === 0) return <p className={styles.detail}>No program has used your tasks so far.</p>;
  return (
    <ul className={styles.list}>
      {entries.map((entry) => (
        <li key={entry.id} className={styles.entry} data-off={entry.cut_off_at !== null || undefined}>
          <div className={styles.text}>
            <p className={styles.name}>{entry.name ?? entry.client_id}</p>
            <p className={styles.detail}>
              {entry.name !== null && `${entry.client_id} · `}
              {entry.cut_off_at === null
                ? `${sayScopes(entry.scopes)} · Last used: ${sayDate(entry.last_used_at.slice(0, 10), today)}`
                : 'Cut off'}
            </p>
          </div>
          <div className={styles.actions}>
            <Button onClick={() => void undo(entry)}>
              Undo its last change
              <span className="visually-hidden"> ({entry.name ?? entry.client_id})</span>
            </Button>
            <Button onClick={() => void toggle(entry)}>
              {entry.cut_off_at === null ? 'Cut off' : 'Readmit'}
              <span className="visually-hidden"> {entry.name ?? entry.client_id}</span>
            </Button>
          </div>
        </li>
      ))}
    </ul>
  );
}
