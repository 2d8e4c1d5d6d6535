/** What each write does to the entities of a copy before the service answers. */
import type { ProjectCreate, Task, TaskCompletion, TaskCreate, TaskPatch } from '../methods.js';
import type { View } from './entities.js';
import { type Entry, typeOf, type WriteName } from './entries.js';
import { toInstant } from './time.js';

/** Orders ids and positions by code point. */
export const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** A position between two others; null is the begin or the end. It is shown until the service sends its own. */
export function positionBetween(lower: string | null, upper: string | null): string {
  for (let zeros = ''; ; zeros += '0') {
    const position = `${lower ?? ''}${zeros}V`;
    if (upper === null || position < upper || zeros.length > upper.length) return position;
  }
}

/** A position after those of the service, which have letters and digits, and after those of earlier writes. */
const positionAtEnd = (at: string): string => `~${at}`;

/** Orders by position, and by id between equal positions. */
export const compareAmong = (one: Placed, other: Placed): number =>
  compareText(one.position, other.position) || compareText(one.id, other.id);

type Placed = Pick<Task, 'position' | 'id'>;

/** The position next to an entity; undefined if there is no such entity. */
function positionNextTo(items: readonly Placed[], id: string, { before, after }: Neighbours) {
  const anchor = items.find((each) => each.id === (before ?? after));
  if (!anchor) return undefined;
  // The nearest one on the other side of the gap.
  let nearest: Placed | undefined;
  const direction = before === undefined ? 1 : -1;
  for (const each of items) {
    if (each.id === id || direction * compareAmong(each, anchor) <= 0) continue;
    if (!nearest || direction * compareAmong(each, nearest) < 0) nearest = each;
  }
  const other = nearest?.position ?? null;
  return direction > 0 ? positionBetween(anchor.position, other) : positionBetween(other, anchor.position);
}

interface Neighbours {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

function instantOf(date: string | null, time: string | null, zone: string | null): string | null {
  if (date === null || time === null || zone === null) return null;
  return new Date(toInstant(date, time, zone)).toISOString();
}

/** The dates after a change: removing a date removes its time, and removing both removes the time zone. */
function datesOf(task: Task): Partial<Task> {
  const { due_date, start_date } = task;
  const due_time = due_date === null ? null : task.due_time;
  const start_time = start_date === null ? null : task.start_time;
  const time_zone = due_date === null && start_date === null ? null : task.time_zone;
  const due_at = instantOf(due_date, due_time, time_zone);
  return { due_time, start_time, time_zone, due_at, start_at: instantOf(start_date, start_time, time_zone) };
}

/** A task after the fields of a body were set. */
function changed(task: Task, body: TaskPatch, at: string): Task {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  const next: Task = { ...task, ...given };
  if (body.completed != null && body.completed !== task.completed) {
    next.status = body.completed ? 'completed' : 'pending';
  }
  next.completed = next.status === 'completed';
  next.completed_at = next.completed ? (body.completed_at ?? task.completed_at ?? at) : null;
  if (body.tags) next.tags = [...body.tags].sort(compareText);
  return { ...next, ...datesOf(next), updated_at: at };
}

function created(view: View, id: string, body: TaskCreate, at: string): Task {
  const parent = body.parent_id ? view.get('task', body.parent_id) : undefined;
  const profile = view.get('profile', '');
  const blank: Task = {
    id,
    user_id: profile?.user_id ?? '',
    project_id: parent?.project_id ?? null,
    parent_id: null,
    title: '',
    description: null,
    status: 'pending',
    priority: profile?.default_priority ?? 'medium',
    completed: false,
    completed_at: null,
    tags: [],
    due_date: null,
    due_time: null,
    time_zone: null,
    due_at: null,
    start_date: null,
    start_time: null,
    start_at: null,
    rrule: null,
    repeat_from: 'schedule',
    recurrence_start: null,
    recurrence_start_time: null,
    recurrence_due: null,
    excluded_dates: [],
    reminders: [],
    links: [],
    position: positionAtEnd(at),
    version: 0,
    created_at: at,
    updated_at: at,
  };
  return changed(blank, body as TaskPatch, at);
}

function subtasksOf(view: View, id: string): Task[] {
  const direct = view.all('task').filter((each) => each.parent_id === id);
  return direct.flatMap((each) => [each, ...subtasksOf(view, each.id)]);
}

/** Sets the fields of a task; its subtasks follow into its project. */
function place(view: View, task: Task, body: TaskPatch, at: string): void {
  const parent = body.parent_id ? view.get('task', body.parent_id) : undefined;
  const next = changed(task, parent ? { ...body, project_id: parent.project_id } : body, at);
  view.set('task', task.id, next);
  if (next.project_id === task.project_id) return;
  for (const each of subtasksOf(view, task.id)) {
    view.set('task', each.id, { ...each, project_id: next.project_id });
  }
}

function deleteTask(view: View, id: string): void {
  for (const each of subtasksOf(view, id)) view.set('task', each.id, null);
  view.set('task', id, null);
}

type Completion = Partial<Pick<TaskCompletion, 'occurrence' | 'completed_at'>>;
type Apply = (view: View, entry: Entry) => void;

/** A write that changes a task if there is one. */
const onTask =
  (apply: (view: View, task: Task, entry: Entry) => void): Apply =>
  (view, entry) => {
    const task = view.get('task', entry.id);
    if (task) apply(view, task, entry);
  };

/** Sets the fields of an entity that is not a task. */
function update(view: View, entry: Entry): void {
  const type = typeOf(entry);
  const entity = view.get(type, entry.id);
  if (entity) view.set(type, entry.id, { ...entity, ...entry.body, updated_at: entry.at } as never);
}

/** Replaces the name of a tag in all tasks; null removes it. */
function retag(view: View, from: string, to: string | null): void {
  for (const task of view.all('task')) {
    if (!task.tags.includes(from)) continue;
    const tags = task.tags.flatMap((name) => (name === from ? (to ?? []) : [name])).sort(compareText);
    view.set('task', task.id, { ...task, tags });
  }
}

const writes: Record<WriteName, Apply> = {
  'tasks.create': (view, { id, body, at }) => {
    view.set('task', id, created(view, id, body as unknown as TaskCreate, at));
  },
  'tasks.update': onTask((view, task, { body, at }) => place(view, task, body as TaskPatch, at)),
  // A recurring task shows as completed until the service says which occurrence is next.
  'tasks.complete': onTask((view, task, { body = {}, at }) => {
    const { occurrence = task.due_date, completed_at = at } = body as Completion;
    // Another device may have moved the task to another occurrence.
    if (occurrence !== task.due_date) return;
    view.set('task', task.id, changed(task, { status: 'completed', completed_at }, at));
  }),
  'tasks.reopen': onTask((view, task, { at }) => {
    if (task.completed) view.set('task', task.id, changed(task, { status: 'pending' }, at));
  }),
  // Only the service knows the next occurrence.
  'tasks.skip': () => undefined,
  'tasks.move': onTask((view, task, { body, at }) => {
    const { before, after, ...fields } = body as Neighbours & TaskPatch;
    const position =
      (before ?? after) ? positionNextTo(view.all('task'), task.id, { before, after }) : positionAtEnd(at);
    place(view, { ...task, position: position ?? task.position }, fields, at);
  }),
  'tasks.delete': (view, { id }) => deleteTask(view, id),
  // The copy does not have deleted entities.
  'tasks.restore': () => undefined,
  'projects.create': (view, { id, body, at }) => {
    const { name, color = null, archived = false } = body as unknown as ProjectCreate;
    const user_id = view.get('profile', '')?.user_id ?? '';
    const position = positionAtEnd(at);
    const times = { created_at: at, updated_at: at };
    view.set('project', id, { id, user_id, name, color, archived, position, version: 0, ...times });
  },
  'projects.update': update,
  'projects.move'(view, entry) {
    const position = positionNextTo(view.all('project'), entry.id, entry.body as Neighbours);
    if (position) update(view, { ...entry, body: { position } });
  },
  'projects.delete': (view, { id, body }) => {
    for (const task of view.all('task')) {
      if (task.project_id !== id) continue;
      view.set('task', task.id, body?.tasks === 'delete' ? null : { ...task, project_id: null });
    }
    view.set('project', id, null);
  },
  'projects.restore': () => undefined,
  'tags.update'(view, entry) {
    const { name } = view.get('tag', entry.id) ?? {};
    update(view, entry);
    const next = view.get('tag', entry.id)?.name;
    if (name && next) retag(view, name, next);
  },
  'tags.delete'(view, { id }) {
    const { name } = view.get('tag', id) ?? {};
    if (name) retag(view, name, null);
    view.set('tag', id, null);
  },
  'profile.update': update,
};

/**
 * Applies an entry of the outbox. An answer of the service replaces what was assumed, unless the copy is as new. A failed
 * entry changes nothing.
 */
export function applyEntry(view: View, entry: Entry): void {
  if (entry.problem !== undefined || entry.failedWith !== undefined) return;
  const { answer, id } = entry;
  const type = typeOf(entry);
  if (answer && (view.get(type, id)?.version ?? 0) >= answer.version) return;
  writes[entry.name](view, entry);
  if (answer) view.set(type, id, answer as never);
}
