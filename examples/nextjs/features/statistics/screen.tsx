'use client';
import type { ReactNode } from 'react';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { priorities, priorityNames } from '@/features/tasks/commands';
import { sayFullDate, weekdayOf } from '@/lib/dates';
import { useLaneStatus, useProjects, useStats } from '@/lib/tasklane';
import { Bars } from './bars';
import styles from './screen.module.css';

/** The numbers of the service. The device keeps the last ones. */
export default function StatisticsScreen() {
  const stats = useStats();
  const projects = useProjects();
  const { connection } = useLaneStatus();
  if (!stats) {
    const isAway = connection === 'offline';
    return (
      <ScreenFrame title="Statistics">
        {isAway && <p className={styles.note}>The statistics show as soon as the service can be reached.</p>}
      </ScreenFrame>
    );
  }
  const { today, by_status, by_priority, by_project, overdue, due_today, completions, streaks } = stats;
  const open = by_status.pending + by_status.in_progress;
  const names = new Map(projects?.map(({ id, name }) => [id, name]));
  if (stats.total === 0 && completions.total === 0) {
    return (
      <ScreenFrame title="Statistics">
        <Empty>There is nothing to count yet.</Empty>
      </ScreenFrame>
    );
  }
  return (
    <ScreenFrame title="Statistics" detail="The last 30 days">
      <dl className={styles.numbers}>
        <Figure label="Completed" value={completions.total} />
        <Figure label="Day streak" value={streaks.current} detail={`Longest: ${streaks.longest}`} />
        <Figure label="Open" value={open} detail={`${due_today} due today`} />
        <Figure label="Overdue" value={overdue} isLate={overdue > 0} />
      </dl>
      <section className={styles.section}>
        <h2>Completed each day</h2>
        <Bars
          label="Completed each day"
          unit="completed"
          bars={completions.days.map(({ date, count }) => ({
            id: date,
            title: sayFullDate(date, today),
            value: count,
            label: weekdayOf(date) === 0 ? sayFullDate(date, today).replace(/^\S+ /, '') : undefined,
          }))}
        />
      </section>
      <section className={styles.section}>
        <h2>By project</h2>
        <Shares
          label="Tasks by project"
          shares={by_project.map(({ project_id, open: left, completed }) => ({
            id: project_id ?? 'inbox',
            title: project_id === null ? 'Inbox' : (names.get(project_id) ?? 'Project'),
            open: left,
            completed,
          }))}
        />
      </section>
      <section className={styles.section}>
        <h2>By priority</h2>
        <Shares
          label="Tasks by priority"
          shares={priorities.map((id) => ({ id, title: priorityNames[id], ...by_priority[id] }))}
        />
      </section>
    </ScreenFrame>
  );
}

function Figure({
  label,
  value,
  detail,
  isLate = false,
}: {
  label: string;
  value: number;
  detail?: ReactNode;
  isLate?: boolean;
}) {
  return (
    <div className={styles.figure}>
      <dt>{label}</dt>
      <dd className={styles.value} data-late={isLate || undefined}>
        {value}
      </dd>
      {detail && <dd className={styles.detail}>{detail}</dd>}
    </div>
  );
}

interface Share {
  readonly id: string;
  readonly title: string;
  readonly open: number;
  readonly completed: number;
}

/** For each line, how many tasks are completed and how many are open. The longest line has the whole width. */
function Shares({ label, shares }: { label: string; shares: readonly Share[] }) {
  const most = Math.max(1, ...shares.map(({ open, completed }) => open + completed));
  return (
    <table className={styles.shares}>
      <caption className="visually-hidden">{label}</caption>
      <tbody>
        {shares.map(({ id, title, open, completed }) => (
          <tr key={id}>
            <th scope="row">{title}</th>
            <td className={styles.track}>
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect width={(100 * (open + completed)) / most} height="10" className={styles.rest} />
                <rect width={(100 * completed) / most} height="10" className={styles.done} />
              </svg>
            </td>
            <td className={styles.counts}>
              {completed} of {open + completed}
              <span className="visually-hidden"> completed</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
