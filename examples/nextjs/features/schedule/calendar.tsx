'use client';
import { type KeyboardEvent, useState } from 'react';
import { addDays, sayFullDate, sayMonth, sayWeekday, weekdayOf } from '@/lib/dates';
import { Icon } from '@/ui/icons';
import styles from './calendar.module.css';

export interface CalendarProps {
  readonly today: string;
  readonly chosen: string | null;
  /** 0 for Monday. */
  readonly firstDay: number;
  readonly onChoose: (date: string) => void;
}

const monthOf = (date: string) => date.slice(0, 7);
const otherMonth = (month: string, distance: 1 | -1) =>
  monthOf(addDays(`${month}-${distance > 0 ? '28' : '01'}`, distance > 0 ? 4 : -1));

const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** A month to choose a day from. The arrow keys move between days. */
export function Calendar({ today, chosen, firstDay, onChoose }: CalendarProps) {
  const [focused, setFocused] = useState(chosen !== null && chosen >= today ? chosen : today);
  const month = monthOf(focused);
  const first = `${month}-01`;
  const begin = addDays(first, -((weekdayOf(first) - firstDay + 7) % 7));
  const days = Array.from({ length: 42 }, (_, index) => addDays(begin, index));
  // Weeks that are past are of no use.
  const weeks = days.filter((day, index) => index % 7 === 0 && addDays(day, 6) >= today).slice(0, 5);

  function move(event: KeyboardEvent<HTMLTableElement>) {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = addDays(focused, step);
    setFocused(next);
    const table = event.currentTarget;
    requestAnimationFrame(() => table.querySelector<HTMLElement>(`[data-date="${next}"]`)?.focus());
  }
  const show = (distance: 1 | -1) => setFocused(`${otherMonth(month, distance)}-01`);
  return (
    <div className={styles.calendar}>
      <div className={styles.head}>
        <span aria-live="polite">{sayMonth(first)}</span>
        <button
          type="button"
          aria-label="Previous month"
          disabled={month <= monthOf(today)}
          onClick={() => show(-1)}
        >
          <Icon name="back" size={16} />
        </button>
        <button type="button" aria-label="Next month" onClick={() => show(1)}>
          <Icon name="next" size={16} />
        </button>
      </div>
      <table className={styles.table} onKeyDown={move}>
        <thead>
          <tr>
            {days.slice(0, 7).map((day) => (
              <th key={day} scope="col" abbr={sayWeekday(day)}>
                {sayWeekday(day, 'short').slice(0, 2)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week}>
              {Array.from({ length: 7 }, (_, index) => addDays(week, index)).map((day) => (
                <td key={day}>
                  <button
                    type="button"
                    data-date={day}
                    data-outside={monthOf(day) !== month || undefined}
                    data-past={day < today || undefined}
                    aria-label={sayFullDate(day, today)}
                    aria-current={day === today ? 'date' : undefined}
                    aria-pressed={day === chosen}
                    tabIndex={day === focused ? 0 : -1}
                    className={styles.day}
                    onClick={() => onChoose(day)}
                  >
                    {Number(day.slice(8))}
                  </button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
