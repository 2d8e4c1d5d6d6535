/**
 * What a lane must contain: each entity that a user has made, and the changes that the history must have for it. Only one
 * worker writes an entity, so the order of its writes is known.
 */
import type { Body } from '../support/api';

export interface Entity {
  readonly type: 'task' | 'project';
  readonly id: string;
  /** The title of a task, or the name of a project. */
  title: string;
  completed: boolean;
  /** The due date of a recurring task, which moves with each completion. */
  due: string | null;
  place: 'lane' | 'trash' | 'gone';
  etag: string | undefined;
  /** The changes that the history must have, in this order. */
  readonly changes: string[];
  /** The last change may be missing: the client did not wait for an answer. Nothing else may follow. */
  isUncertain: boolean;
  /** A write without an idempotency key had no answer, so a copy of it may still be carried out if its id becomes free. */
  isRisky: boolean;
  /** It was read with another content than this. The failure was reported. */
  isBroken: boolean;
}

export function newEntity(type: Entity['type'], id: string, title: string): Entity {
  return {
    type,
    id,
    title,
    completed: false,
    due: null,
    place: 'lane',
    etag: undefined,
    changes: ['created'],
    isUncertain: false,
    isRisky: false,
    isBroken: false,
  };
}

/** The entity tag of an entity in a body ([safe writes](docs/safe-writes.md)). */
export function etagOf({ version, updated_at }: Body): string {
  return `"${version}-${updated_at === null ? 0 : Date.parse(updated_at)}"`;
}

/** What the history says about one change, in the words of `Entity.changes`; undefined if the model does not follow it. */
export function describeChange({ action, fields }: Body): string | undefined {
  if (['reminded', 'overdue'].includes(action)) return undefined;
  // A task leaves a project that is deleted.
  if (Object.keys(fields).join() === 'project_id') return undefined;
  if (action !== 'updated') return action;
  const title = fields.title ?? fields.name;
  if (title) return `title ${title.to}`;
  if (fields.due_date) return `due ${fields.due_date.to}`;
  if (fields.status) return `status ${fields.status.to}`;
  return `fields ${Object.keys(fields).sort().join()}`;
}

/** Whether the history of an entity is what the model expects. */
export function hasHistory({ changes, isUncertain }: Entity, found: readonly string[]): boolean {
  const isEqual = (expected: readonly string[]) =>
    expected.length === found.length && expected.every((each, n) => each === found[n]);
  return isEqual(changes) || (isUncertain && isEqual(changes.slice(0, -1)));
}
