'use client';
import { type MouseEvent, useState } from 'react';
import { ChoicePopover } from '@/features/pickers/choice';
import { useApp } from '@/features/shell/app-provider';
import { nameOf } from '@/lib/actions';
import { sayReminder } from '@/lib/reminders';
import type { Task, TaskPatch } from '@/lib/tasklane';
import { Icon } from '@/ui/icons';
import { showToast } from '@/ui/toast';
import styles from './properties.module.css';

type Reminder = Task['reminders'][number];

const before = (minutes: number): Reminder => ({
  at: null,
  minutes_before_due: minutes,
  days_before_due: null,
  time: null,
});
const atTime = (days: number, time: string): Reminder => ({
  at: null,
  minutes_before_due: null,
  days_before_due: days,
  time,
});
const usual: readonly Reminder[] = [
  before(0),
  before(10),
  before(30),
  before(60),
  atTime(0, '09:00'),
  atTime(1, '18:00'),
];

const minutesOf: Record<string, number> = { m: 1, h: 60, d: 1440, w: 10_080 };

/** Reads `30m`, `2 hours before` or `09:00`. */
function readReminder(text: string): Reminder | undefined {
  const [, amount, unit] = /^!?(\d{1,4})\s*([mhdw])[a-z]*(?:\s+before)?$/i.exec(text.trim()) ?? [];
  if (amount && unit) return before(Number(amount) * (minutesOf[unit.toLowerCase()] ?? 1));
  const [, hour, minute] = /^!?(?:at )?([01]?\d|2[0-3]):([0-5]\d)$/i.exec(text.trim()) ?? [];
  return hour && minute ? atTime(0, `${hour.padStart(2, '0')}:${minute}`) : undefined;
}

/** The reminders of a task, and a field to add one in words. */
export function Reminders({ task }: { task: Task }) {
  const app = useApp();
  const [anchor, setAnchor] = useState<Element>();
  const set = (reminders: readonly Reminder[]) =>
    app.actions.update(
      [task],
      { reminders: [...reminders] } as TaskPatch,
      `Changed the reminders of ${nameOf([task])}`,
    );
  function add(reminder: Reminder | undefined) {
    setAnchor(undefined);
    if (!reminder) showToast({ text: 'That is not a reminder. Try “30 min” or “09:00”.' });
    else set([...task.reminders, reminder]);
  }
  if (task.due_date === null && task.reminders.length === 0) {
    return (
      <span className={styles.value} data-empty="">
        They need a date
      </span>
    );
  }
  const open = (event: MouseEvent<HTMLElement>) => setAnchor(event.currentTarget);
  return (
    <div className={styles.chips}>
      {task.reminders.map((reminder) => (
        <span key={JSON.stringify(reminder)} className={styles.chip}>
          {sayReminder(reminder)}
          <button
            type="button"
            aria-label={`Remove the reminder ${sayReminder(reminder)}`}
            onClick={() => set(task.reminders.filter((each) => each !== reminder))}
          >
            <Icon name="close" size={14} />
          </button>
        </span>
      ))}
      <button type="button" className={styles.add} onClick={open}>
        {task.reminders.length === 0 ? 'None' : <Icon name="plus" size={14} />}
        <span className="visually-hidden"> Add a reminder</span>
      </button>
      {anchor && (
        <ChoicePopover
          label="Add a reminder"
          placeholder="30 min, 2 h, 09:00"
          anchor={anchor}
          choices={usual
            .map((reminder) => ({ id: JSON.stringify(reminder), title: sayReminder(reminder) }))
            .filter(({ id }) => !task.reminders.some((each) => JSON.stringify(each) === id))}
          create={{
            label: (text) => {
              const reminder = readReminder(text);
              return reminder ? sayReminder(reminder) : `“${text}” is not a reminder`;
            },
            run: (text) => add(readReminder(text)),
          }}
          onChoose={(id) => add(JSON.parse(id))}
          onClose={() => setAnchor(undefined)}
        />
      )}
    </div>
  );
}
