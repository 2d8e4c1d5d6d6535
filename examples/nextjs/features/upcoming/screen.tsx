'use client';
import { useMemo } from 'react';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { type Group, TaskList } from '@/features/tasks/list';
import { addDays, daysBetween, sayDay, sayMonth, sayWeekday } from '@/lib/dates';
import { type Task, useTasks } from '@/lib/tasklane';
import { useToday, useZone } from '@/lib/use-today';
import styles from './screen.module.css';

const daysShownAlone = 7;

/** The day on which a task shows: when it starts, if that is still to come, or when it is due. */
const dayOf = ({ start_date, due_date }: Task, today: string): string =>
  (start_date !== null && start_date > today ? start_date : due_date) ?? today;

/** The next seven days one by one, and then months. */
export function UpcomingScreen() {
  const today = useToday();
  const tz = useZone();
  const tasks = useTasks({ view: 'upcoming', sort: ['due', 'position'], tz });
  const groups = useMemo((): Group[] => {
    const byDay = Map.groupBy(tasks ?? [], (task) => {
      const day = dayOf(task, today);
      return daysBetween(today, day) <= daysShownAlone ? day : day.slice(0, 7);
    });
    // The rest of a month comes after its days.
    const order = (day: string) => (day.length === 7 ? `${day}-99` : day);
    return [...byDay]
      .sort(([one], [other]) => (order(one) < order(other) ? -1 : 1))
      .map(([day, items]) => ({
        id: day,
        title: <DayTitle day={day} today={today} />,
        tasks: items,
        hiddenDate: day,
      }));
  }, [tasks, today]);
  return (
    <ScreenFrame title="Upcoming">
      {tasks && <TaskList label="Upcoming" groups={groups} showsProject />}
      {tasks?.length === 0 && <Empty>Nothing is planned after today.</Empty>}
    </ScreenFrame>
  );
}

function DayTitle({ day, today }: { day: string; today: string }) {
  if (day.length === 7) return <span className={styles.month}>{sayMonth(`${day}-01`)}</span>;
  return (
    <span className={styles.day}>
      <span className={styles.number}>{Number(day.slice(8))}</span>
      {day === addDays(today, 1) ? 'Tomorrow' : sayWeekday(day)}
      <span className="visually-hidden">, {sayDay(day)}</span>
    </span>
  );
}
