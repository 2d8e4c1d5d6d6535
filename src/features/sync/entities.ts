/** What is synced: for every type of change, how the entities of that type are read, and their shape in the contract. */

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

/** An entity that is there. */
export interface Entity<D> {
  readonly id: string | null;
  readonly data: D;
}

/** How entities of a type are read. What is in the trash is not there. */
export interface EntityType<D> {
  /** Those of these ids that are there, in any order. */
  find(lane: Lane, ids: readonly (string | null)[]): Promise<Entity<D>[]>;
  /** Those after an id, or from the first on, by id. */
  page(lane: Lane, after: string | null, limit: number): Promise<Entity<D>[]>;
}

const byId = [{ column: 'id', direction: 'asc' }] as const;

/** Rows as entities. */
function rowsOf<R extends { id: string }, D>(
  rows: (lane: Lane) => RowQuery<R>,
  map: (row: R) => D,
): EntityType<D> {
  const read = async (query: RowQuery<R>): Promise<Entity<D>[]> =>
    ((await query) as R[]).map((row) => ({ id: row.id, data: map(row) }));
  return {
    find: (lane, ids) => read(rows(lane).whereRaw('id = any(?)', [ids as string[]]) as RowQuery<R>),
    page: (lane, after, limit) =>
      read(pageAfter(rows(lane), byId, after === null ? null : [after]).limit(limit) as RowQuery<R>),
  };
}

async function readProfile(lane: Lane): Promise<Entity<Schemas['Profile']>[]> {
  return [{ id: null, data: toProfile(lane.userId, await findProfile(lane)) }];
}

/**
 * Every type of change, in the order in which a snapshot has them. Null for what clients get no copy of: such changes are
 * passed over.
 */
export const entityTypes: { readonly [T in ChangeType]: EntityType<DataOf<T>> | null } = {
  // There without a row, too, with its defaults.
  profile: { find: readProfile, page: async (lane, after) => (after === null ? readProfile(lane) : []) },
  project: rowsOf((lane) => lane.rows('projects'), toProject),
  tag: rowsOf((lane) => lane.rows('tags'), toTag),
  task: rowsOf(liveTasks, toTask),
  completion: rowsOf((lane) => lane.rows('completions'), toCompletion),
  // What they let others do is nothing for every device to know.
  calendar_feed: null,
  webhook: null,
};

/** The types that are synced. */
export const syncedTypes = (Object.keys(entityTypes) as ChangeType[]).filter(
  (type) => entityTypes[type] !== null,
);
