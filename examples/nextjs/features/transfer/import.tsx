'use client';
import { type DragEvent, useId, useState } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { type ImportReport, isProblem, useTasklane } from '@/lib/tasklane';
import { Button } from '@/ui/button';
import { readFile } from './read-file';
import styles from './transfer.module.css';

interface Read {
  readonly file: File;
  readonly report: ImportReport;
}

const rows = (count: number) => (count === 1 ? '1 row' : `${count} rows`);
const mostLines = 20;

/** Reads a file, says what an import would do, and imports it if the user wants so. */
export function ImportSettings() {
  const app = useApp();
  const { client } = useTasklane();
  const id = useId();
  const [read, setRead] = useState<Read>();
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [isOver, setOver] = useState(false);

  async function run(file: File, isDry: boolean) {
    setBusy(true);
    setProblem(undefined);
    try {
      const transfer = client.lane(app.lane.userId).transfer;
      setRead({ file, report: await readFile(transfer, file, isDry) });
      if (!isDry) app.lane.wake();
    } catch (error) {
      setRead(undefined);
      const why = error instanceof SyntaxError ? 'The file is not JSON.' : undefined;
      setProblem(
        why ??
          (isProblem(error)
            ? (error.problem.detail ?? error.message)
            : 'The service cannot be reached. Try again later.'),
      );
    }
    setBusy(false);
  }
  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file) void run(file, true);
  }
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the field in it has the keys. */}
      <div
        className={styles.drop}
        data-over={isOver || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <label htmlFor={id}>
          Drop a file here, or <span className={styles.choose}>choose one</span>
        </label>
        <input
          id={id}
          type="file"
          className="visually-hidden"
          accept=".json,.csv,.ics,application/json,text/csv,text/calendar"
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            if (file) void run(file, true);
            event.target.value = '';
          }}
        />
        <p className={styles.hint}>
          JSON, CSV or iCalendar. You see what would happen before anything changes.
        </p>
      </div>
      <div role="status" className={styles.status}>
        {isBusy && 'Reading the file…'}
        {problem}
      </div>
      {read && !isBusy && (
        <Report {...read} onImport={() => void run(read.file, false)} onCancel={() => setRead(undefined)} />
      )}
    </>
  );
}

function Report({ file, report, onImport, onCancel }: Read & { onImport: () => void; onCancel: () => void }) {
  const { dry_run: isDry, created, restored, skipped, errors, warnings } = report;
  const told = report.rows
    .filter((each) => each.errors.length + each.warnings.length > 0)
    .slice(0, mostLines);
  return (
    <section className={styles.report} aria-label={`Import of ${file.name}`}>
      <h3>{file.name}</h3>
      <dl className={styles.counts}>
        <Count label={isDry ? 'To add' : 'Added'} value={created} />
        <Count label={isDry ? 'To restore' : 'Restored'} value={restored} />
        <Count label="Already here" value={skipped} />
        <Count label="With errors" value={errors} />
        <Count label="With warnings" value={warnings} />
      </dl>
      {told.length > 0 && (
        <ul className={styles.lines}>
          {told.flatMap(({ row, errors: faults, warnings: hints }) => [
            ...faults.map(({ pointer, detail }) => (
              <li key={`${row} ${pointer}`}>
                Row {row}: {pointer?.split('/').at(-1)} {detail}
              </li>
            )),
            ...hints.map(({ field, detail }) => (
              <li key={`${row} ${field}`}>
                Row {row}: {field} {detail}
              </li>
            )),
          ])}
        </ul>
      )}
      {isDry ? (
        <div className={styles.actions}>
          <Button look="primary" disabled={created + restored === 0} onClick={onImport}>
            Import {rows(created + restored)}
          </Button>
          <Button onClick={onCancel}>Cancel</Button>
        </div>
      ) : (
        <div className={styles.actions}>
          <Button onClick={onCancel}>Done</Button>
        </div>
      )}
    </section>
  );
}

function Count({ label, value }: { label: string; value: number }) {
  if (value === 0) return null;
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
