'use client';
import { useEffect, useState } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { nameOf } from '@/lib/actions';
import { sayFullDate } from '@/lib/dates';
import { loadWords, type ReadWords, type Task, type TaskPatch } from '@/lib/tasklane';
import { useToday, useZone } from '@/lib/use-today';
import styles from './properties.module.css';

interface Words {
  readonly read: ReadWords;
  readonly sayRule: (
    rrule: string,
    language: 'en' | 'de',
    repeatFrom?: 'schedule' | 'completion',
  ) => string | null;
}

function useWords(): Words | undefined {
  const [words, setWords] = useState<Words>();
  useEffect(() => {
    loadWords().then(async ({ loadWords: load, sayRule }) => setWords({ read: await load(), sayRule }));
  }, []);
  return words;
}

// These rules name their days, so the first one can be another day than the present date.
const namesDays = (rrule: string) => /BYDAY|BYMONTHDAY|BYMONTH/.test(rrule);

/** When a task recurs, in words. What is typed is saved when the field loses the focus. */
export function Repeat({ task }: { task: Task }) {
  const app = useApp();
  const words = useWords();
  const today = useToday();
  const timeZone = useZone();
  const [draft, setDraft] = useState<string>();
  const { rrule, repeat_from } = task;
  const stored = rrule === null ? '' : (words?.sayRule(rrule, 'en', repeat_from) ?? (words ? rrule : ''));
  const typed = draft?.trim();
  const fields = typed && words ? words.read(`“x” ${typed}`, { timeZone, projects: [] }).fields : undefined;
  const isRule = fields?.rrule != null;

  function save() {
    setDraft(undefined);
    if (typed === undefined || typed === stored) return;
    if (typed === '') {
      app.actions.update([task], { rrule: null }, `${nameOf([task])} no longer repeats`);
      return;
    }
    if (!fields?.rrule) return;
    const isMoved = task.due_date === null || namesDays(fields.rrule);
    const patch = {
      rrule: fields.rrule,
      repeat_from: fields.repeat_from ?? 'schedule',
      ...(isMoved && { due_date: fields.due_date }),
      ...(fields.due_time !== null && { due_time: fields.due_time, time_zone: timeZone }),
    } as TaskPatch;
    app.actions.update([task], patch, `${nameOf([task])} repeats ${typed}`);
  }

  return (
    <>
      <input
        className={styles.input}
        aria-label="Repeat"
        placeholder="Never. Try “every friday”"
        spellCheck={false}
        value={draft ?? stored}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing) event.currentTarget.blur();
          if (event.key === 'Escape') {
            event.preventDefault();
            setDraft(undefined);
          }
        }}
      />
      {typed && typed !== stored && (
        <p className={styles.reading} aria-live="polite">
          {isRule && fields.due_date
            ? `${words?.sayRule(fields.rrule as string, 'en', fields.repeat_from ?? 'schedule')}, from ${sayFullDate(fields.due_date, today)}`
            : 'Not understood yet: every day, every 2 weeks, every 1st …'}
        </p>
      )}
    </>
  );
}
