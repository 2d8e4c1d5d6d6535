import { useEffect, useRef } from 'react';
import { sayDate } from '@/lib/dates';
import { preferences } from '@/lib/preferences';
import { openDetails } from '@/lib/router';
import { type Task, useTasks } from '@/lib/tasklane';
import { useNow, useZone } from '@/lib/use-today';
import { dueReminders } from './due';

function notify(task: Task, tag: string, today: string): void {
  const body =
    task.due_date === null ? '' : [sayDate(task.due_date, today), task.due_time].filter(Boolean).join(' ');
  const notification = new Notification(task.title, { body, tag });
  notification.onclick = () => {
    focus();
    openDetails(task.id);
    notification.close();
  };
}

/** Shows the reminders that become due as notifications, while this tab is open. */
export function useNotifier(): void {
  const tasks = useTasks({ status: ['pending', 'in_progress'], has: ['reminders'] });
  const zone = useZone();
  const now = useNow();
  const checked = useRef(Date.now());
  useEffect(() => {
    const [after, until] = [checked.current, Date.now()];
    checked.current = until;
    if (!preferences.get().notifies || globalThis.Notification?.permission !== 'granted') return;
    for (const { task, key } of dueReminders(tasks ?? [], zone, after, until))
      notify(task, key, now.slice(0, 10));
  }, [tasks, zone, now]);
}
