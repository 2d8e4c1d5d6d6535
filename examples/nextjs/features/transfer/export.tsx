'use client';
import { useState } from 'react';
import { useTasklane } from '@/lib/tasklane';
import { Button } from '@/ui/button';
import { showToast } from '@/ui/toast';
import styles from './transfer.module.css';

const formats = [
  { id: 'export', title: 'All data (JSON)', file: 'tasklane.json' },
  { id: 'exportCsv', title: 'Tasks (CSV)', file: 'tasks.csv' },
  { id: 'exportCalendar', title: 'Tasks (iCalendar)', file: 'tasks.ics' },
] as const;

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // The browser has begun to read it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Saves what the service has as a file. */
export function ExportSettings() {
  const { client, lane } = useTasklane();
  const [busy, setBusy] = useState<string>();
  async function run({ id, file }: (typeof formats)[number]) {
    setBusy(id);
    try {
      const response = await client.lane(lane?.userId).transfer[id]();
      save(await response.blob(), file);
    } catch {
      showToast({ text: 'The service cannot be reached. Try again later.' });
    }
    setBusy(undefined);
  }
  return (
    <div className={styles.actions}>
      {formats.map((each) => (
        <Button key={each.id} disabled={busy !== undefined} onClick={() => void run(each)}>
          {each.title}
        </Button>
      ))}
    </div>
  );
}
