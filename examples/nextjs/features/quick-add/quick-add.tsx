'use client';
import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useApp } from '@/features/shell/app-provider';
import { priorityNames } from '@/features/tasks/commands';
import { nameOf } from '@/lib/actions';
import { sayDate } from '@/lib/dates';
import { sayBefore } from '@/lib/reminders';
import { useAddress } from '@/lib/router';
import { useStore } from '@/lib/store';
import { loadWords, type ReadWords, type TaskCreate, useProjects } from '@/lib/tasklane';
import { useToday, useZone } from '@/lib/use-today';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Icon, type IconName } from '@/ui/icons';
import { clearDraft, draft, setDraft } from './draft';
import styles from './quick-add.module.css';
import { keyOf, readText } from './reading';

declare module '@/lib/overlays' {
  interface Overlays {
    'quick-add': { readonly parentId?: string };
  }
}

interface Reader {
  readonly read: ReadWords;
  readonly sayRule: typeof import('@tasklane/sdk/words').sayRule;
}

/** Loads the reader of sentences when the dialog opens for the first time. */
function useReader(): Reader | undefined {
  const [reader, setReader] = useState<Reader>();
  useEffect(() => {
    loadWords().then(async ({ loadWords: load, sayRule }) => {
      const read = await load();
      setReader({ read, sayRule });
    });
  }, []);
  return reader;
}

interface Chip {
  readonly id: string;
  readonly icon: IconName;
  readonly text: string;
  readonly kind: string;
  /** Whether the text has several readings, and this is the usual one. */
  readonly assumed?: boolean;
  readonly reject: () => void;
}

/** A new task from a sentence. Enter saves it, and the dialog stays open for the next one. */
export function QuickAdd({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const today = useToday();
  const timeZone = useZone();
  const projects = useProjects({ archived: false }) ?? [];
  const { text, rejected } = useStore(draft);
  const reader = useReader();
  const path = useAddress()?.pathname ?? '';
  const [dropped, setDropped] = useState<readonly string[]>([]);
  const [saved, setSaved] = useState<string>();
  const input = useRef<HTMLTextAreaElement>(null);
  const mirror = useRef<HTMLDivElement>(null);

  const names = projects.map(({ name }) => name);
  const nameKey = names.join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `nameKey` stands for `names`.
  const reading = useMemo(
    () =>
      reader && text.trim() !== '' && text.length <= 1000
        ? readText(reader.read, text, rejected, { timeZone, projects: names })
        : undefined,
    [reader, text, rejected, timeZone, nameKey],
  );

  // The screen gives what its list needs, unless the text says something else.
  const [, screen, rest = ''] = path.split('/').map(decodeURIComponent);
  const isFree = (name: string) => !dropped.includes(name);
  const fields = reading?.fields;
  const project =
    projects.find(({ name }) => name === fields?.project) ??
    (screen === 'project' && isFree('project') ? projects.find(({ id }) => id === rest) : undefined);
  const dueDate = fields?.due_date ?? (screen === 'today' && isFree('date') ? today : null);
  const tags = [...new Set([...(fields?.tags ?? []), ...(screen === 'tag' && isFree('tag') ? [rest] : [])])];

  const chips: Chip[] = [];
  const given = (kind: string, icon: IconName, said: string) =>
    chips.push({ id: `given ${kind}`, kind, icon, text: said, reject: () => setDropped([...dropped, kind]) });
  for (const { kind, start, end, value, assumed } of reading?.pieces ?? []) {
    const words = text.slice(start, end);
    const [icon, said] = sayPiece(kind, value);
    chips.push({
      ...{ id: `${start} ${kind}`, kind, icon, text: said, assumed },
      reject: () => {
        setDraft({ text, rejected: [...rejected, keyOf(kind, words)] });
        input.current?.focus();
      },
    });
  }
  if (!fields?.due_date && dueDate) given('date', 'today', sayDate(dueDate, today));
  if (!fields?.project && project) given('project', 'project', project.name);
  if (screen === 'tag' && isFree('tag') && !fields?.tags.includes(rest)) given('tag', 'tag', rest);

  function sayPiece(kind: string, value: string): [IconName, string] {
    switch (kind) {
      case 'date': {
        const [date = '', time] = value.split('T');
        return ['upcoming', [sayDate(date, today), time].filter(Boolean).join(' ')];
      }
      case 'time':
        return ['clock', value];
      case 'recurrence':
        return ['repeat', reader?.sayRule(value, 'en', fields?.repeat_from ?? 'schedule') ?? 'Repeats'];
      case 'project':
        return ['project', value];
      case 'tag':
        return ['tag', value];
      case 'priority':
        return ['flag', priorityNames[value as keyof typeof priorityNames]];
      default:
        return ['bell', /^\d+$/.test(value) ? sayBefore(Number(value)) : `At ${value}`];
    }
  }

  function save() {
    const title = (fields?.title ?? text).trim();
    if (title === '') return;
    const body = {
      title,
      due_date: dueDate,
      ...(fields?.due_time && { due_time: fields.due_time, time_zone: timeZone }),
      ...(fields?.rrule && { rrule: fields.rrule, repeat_from: fields.repeat_from ?? 'schedule' }),
      ...(fields?.priority && { priority: fields.priority }),
      ...(fields && fields.reminders.length > 0 && { reminders: [...fields.reminders] }),
      ...(project && { project_id: project.id }),
      ...(tags.length > 0 && { tags }),
    } as TaskCreate;
    app.actions.create(body);
    clearDraft();
    setSaved(title);
    input.current?.focus();
  }

  function press(event: KeyboardEvent) {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
    event.preventDefault();
    save();
    if (event.metaKey || event.ctrlKey) onClose();
  }

  // The field is as high as its text.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text.
  useLayoutEffect(() => {
    const field = input.current;
    if (!field) return;
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
  }, [text]);
  useLayoutEffect(() => {
    const field = input.current;
    field?.setSelectionRange(field.value.length, field.value.length);
  }, []);

  const unknown = reading?.left.find(({ reason }) => reason === 'unknown-project');
  return (
    <Dialog label="Add a task" place="top" onClose={onClose}>
      <div className={styles.field}>
        <div ref={mirror} className={styles.mirror} aria-hidden="true">
          {marked(text, reading?.pieces ?? [])}
        </div>
        <textarea
          ref={input}
          className={styles.input}
          aria-label="New task"
          placeholder="Call Bob tomorrow at 5 #home @phone p1"
          rows={1}
          value={text}
          maxLength={1000}
          enterKeyHint="done"
          spellCheck={false}
          autoFocus
          onChange={(event) => {
            setSaved(undefined);
            setDraft({ text: event.target.value.replaceAll('\n', ' '), rejected });
          }}
          onKeyDown={press}
        />
      </div>
      {chips.length > 0 && (
        <ul className={styles.chips} aria-label="What was understood">
          {chips.map(({ id, kind, icon, text: said, assumed, reject }) => (
            <li key={id} className={styles.chip} data-kind={kind} data-assumed={assumed || undefined}>
              <Icon name={icon} size={15} />
              {said}
              {assumed && <span className={styles.assumed}>?</span>}
              <button type="button" aria-label={`Do not use ${said}`} onClick={reject}>
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className={styles.foot}>
        <p className={styles.status} role="status">
          {saved !== undefined && (
            <>
              <Icon name="check" size={16} /> Added {nameOf([{ title: saved }])}
            </>
          )}
          {saved === undefined && unknown && `There is no project ${text.slice(unknown.start, unknown.end)}`}
        </p>
        <Button look="quiet" onClick={onClose}>
          Close
        </Button>
        <Button look="primary" disabled={(fields?.title ?? text).trim() === ''} onClick={save}>
          Add
        </Button>
      </div>
    </Dialog>
  );
}

/** The text with its pieces marked. It lies behind the field, letter under letter. */
function marked(text: string, pieces: readonly { start: number; end: number; kind: string }[]) {
  const parts = [];
  let from = 0;
  for (const { start, end, kind } of pieces) {
    parts.push(text.slice(from, start));
    parts.push(
      <mark key={start} data-kind={kind}>
        {text.slice(start, end)}
      </mark>,
    );
    from = end;
  }
  // A line break at the end needs something behind it.
  parts.push(`${text.slice(from)}\u200b`);
  return parts;
}
