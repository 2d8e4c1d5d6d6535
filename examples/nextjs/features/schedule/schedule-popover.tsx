'use client';
import { type FormEvent, useEffect, useMemo, useState } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { showUndo } from '@/features/undo/commands';
import { nameOf } from '@/lib/actions';
import { addDays, nextWeekday, sayDate, sayFullDate, sayWeekday, weekdayOf } from '@/lib/dates';
import { clearMarks } from '@/lib/selection';
import { loadWords, type ReadWords, type TaskPatch, useProfile } from '@/lib/tasklane';
import { useToday, useZone } from '@/lib/use-today';
import { Icon, type IconName } from '@/ui/icons';
import { Popover } from '@/ui/popover';
import { Calendar } from './calendar';
import styles from './schedule.module.css';

declare module '@/lib/overlays' {
  interface Overlays {
    schedule: { readonly taskIds: readonly string[]; readonly anchor?: Element | null | undefined };
  }
}

const saturday = 5;

/** Changes the due date of tasks: one key, one click, a day of the calendar, or words. */
export function SchedulePopover({
  taskIds,
  anchor,
  onClose,
}: {
  taskIds: readonly string[];
  anchor?: Element | null | undefined;
  onClose: () => void;
}) {
  const app = useApp();
  const today = useToday();
  const zone = useZone();
  const firstDay = useProfile()?.week_start === 'sunday' ? 6 : 0;
  const tasks = taskIds.flatMap((id) => app.lane.tasks.get(id) ?? []);
  const [text, setText] = useState('');
  const [read, setRead] = useState<ReadWords>();
  useEffect(() => {
    loadWords()
      .then(({ loadWords: load }) => load())
      .then((reader) => setRead(() => reader));
  }, []);

  // A title is needed, and it must not be read itself.
  const parsed = useMemo(() => {
    if (!read || text.trim() === '') return undefined;
    const { fields } = read(`“x” ${text}`, { timeZone: zone, projects: [] });
    return fields.due_date === null ? null : fields;
  }, [read, text, zone]);

  function apply(patch: TaskPatch, said: string) {
    onClose();
    const step = app.actions.update(tasks, patch, `${nameOf(tasks)}: ${said}`);
    clearMarks();
    showUndo(app, step);
  }
  const setDate = (date: string | null) =>
    apply(
      date === null ? { due_date: null, rrule: null } : { due_date: date },
      date === null ? 'no date' : sayDate(date, today),
    );
  function applyText(event: FormEvent) {
    event.preventDefault();
    if (!parsed) return;
    const { due_date, due_time, rrule, repeat_from, reminders } = parsed;
    apply(
      {
        due_date,
        ...(due_time !== null && { due_time, time_zone: zone }),
        ...(rrule !== null && { rrule, repeat_from: repeat_from ?? 'schedule' }),
        ...(reminders.length > 0 && { reminders: [...reminders] }),
      } as TaskPatch,
      [sayDate(due_date as string, today), due_time].filter(Boolean).join(' '),
    );
  }

  const weekend = weekdayOf(today) === saturday ? addDays(today, 7) : nextWeekday(today, saturday);
  const nextWeek = nextWeekday(today, firstDay);
  const quick: readonly [icon: IconName, title: string, date: string | null][] = [
    ['today', 'Today', today],
    ['tomorrow', 'Tomorrow', addDays(today, 1)],
    ['weekend', 'Weekend', weekend],
    ['week', 'Next week', nextWeek],
    ['none', 'No date', null],
  ];
  const present = tasks.length === 1 ? tasks[0]?.due_date : undefined;
  return (
    <Popover label={`Date of ${nameOf(tasks)}`} anchor={anchor} onClose={onClose} className={styles.popover}>
      <form onSubmit={applyText} className={styles.form}>
        <input
          className={styles.input}
          aria-label="Type a date"
          placeholder="fri 9am · in 3 days · every monday"
          value={text}
          data-autofocus=""
          enterKeyHint="done"
          onChange={(event) => setText(event.target.value)}
        />
        <p className={styles.reading} aria-live="polite">
          {parsed
            ? [sayFullDate(parsed.due_date as string, today), parsed.due_time, parsed.rrule && 'repeats']
                .filter(Boolean)
                .join(' · ')
            : parsed === null && 'Not a date yet'}
        </p>
      </form>
      <ul className={styles.quick}>
        {quick.map(([icon, title, date]) => (
          <li key={title}>
            <button
              type="button"
              className={styles.choice}
              aria-pressed={present === date}
              onClick={() => setDate(date)}
            >
              <Icon name={icon} size={18} />
              <span>{title}</span>
              {date !== null && <span className={styles.hint}>{sayWeekday(date, 'short')}</span>}
            </button>
          </li>
        ))}
      </ul>
      <Calendar today={today} chosen={present ?? null} firstDay={firstDay} onChoose={setDate} />
    </Popover>
  );
}
