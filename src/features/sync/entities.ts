/** The types of entities that are synchronized: how each is read, and how it is mapped to its schema. */

import { isCompletedSql, isOpenSql } from '../../domain/tasks/status';
import type { Schemas } from '../../platform/contract/document/operations';
import { pageAfter } from '../../platform/database/keyset';
import type { Lane, RowQuery } from '../../platform/database/lane';
import type { ChangeType } from '../../platform/database/rows';
import { toCompletion } from '../completions/mapper';
import { toProfile } from '../profile/mapper';
import { findProfile } from '../profile/repository';
import { toProject } from '../projects/mapper';
import { toTag } from '../tags/mapper';
import { toTask } from '../tasks/mapper';
import { liveTasks } from '../tasks/repository';

type SyncChange = Schemas['SyncChange'];
type DataOf<T> = NonNullable<Extract<SyncChange, { type: T }>['data']>;

/** An entity that exists and is not in the trash. */
export interface Entity<D> {
  readonly id: string | null;
  readonly data: D;
}

/** How entities of a type are read. Tasks in the trash are left out. */
export interface EntityType<D> {
  /** The entities with these ids, in any order; ids without an entity are left out. */
  find(lane: Lane, ids: readonly (string | null)[]): Promise<Entity<D>[]>;
  /**
   * A page of entities in the order of their ids: those after `after`, or from the first if it is null. Tasks that were closed
   * before `closedSince` are left out, and completions before then, unless it is null.
   */
  page(lane: Lane, after: string | null, limit: number, closedSince: Date | null): Promise<Entity<D>[]>;
}

const byId = [{ column: 'id', direction: 'asc' }] as const;

// The time of a cancellation is not stored, but it is not after the last change.
const closedAtSql = `case when ${isCompletedSql} then completed_at else updated_at end`;

/** The type of the entities that are the rows of a query. */
function rowsOf<R extends { id: string }, D>(
  rows: (lane: Lane) => RowQuery<R>,
  map: (userId: string, row: R) => D,
  /** SQL: the row is not older than `:closedSince`. */
  isRecent?: string,
): EntityType<D> {
  const read = async (lane: Lane, query: RowQuery<R>): Promise<Entity<D>[]> =>
    ((await query) as R[]).map((row) => ({ id: row.id, data: map(lane.userId, row) }));
  return {
    find: (lane, ids) => read(lane, rows(lane).whereRaw('id = any(?)', [ids as string[]]) as RowQuery<R>),
    page(lane, after, limit, closedSince) {
      const query = pageAfter(rows(lane), byId, after === null ? null : [after]).limit(limit);
      if (isRecent && closedSince) query.whereRaw(isRecent, { closedSince });
      return read(lane, query as RowQuery<R>);
    },
  };
}

async function readProfile(lane: Lane): Promise<Entity<Schemas['Profile']>[]> {
  return [{ id: null, data: toProfile(lane.userId, await findProfile(lane)) }];
}

/**
 * Every type of change, in the order of a snapshot. Null for a type that is not synchronized: its changes are skipped.
 */
export const entityTypes: { readonly [T in ChangeType]: EntityType<DataOf<T>> | null } = {
  // A lane without a row has a profile with the defaults.
  profile: { find: readProfile, page: async (lane, after) => (after === null ? readProfile(lane) : []) },
  project: rowsOf((lane) => lane.rows('projects'), toProject),
  tag: rowsOf((lane) => lane.rows('tags'), toTag),
  task: rowsOf(liveTasks, toTask, `(${isOpenSql} or ${closedAtSql} >= :closedSince)`),
  completion: rowsOf((lane) => lane.rows('completions'), toCompletion, 'completed_at >= :closedSince'),
  // They give access to others, so they are not copied to every device.
  calendar_feed: null,
  client: null,
  webhook: null,
};

/** The types that are synchronized. */
export const syncedTypes = (Object.keys(entityTypes) as ChangeType[]).filter(
  (type) => entityTypes[type] !== null,
);
