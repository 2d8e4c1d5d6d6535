/** Lanes as repositories use them, on a connection whose transaction `lane-runner.ts` has begun. */
import type { Knex } from 'knex';
import { limitToLane } from './bound';
import { isUnavailable, sqlState } from './errors';
import { run } from './flight';
import {
  type Attempt,
  type ChangeAuthor,
  type Lane,
  type LaneKey,
  type LockedProfile,
  serviceAuthor,
  type TemplateValues,
  type WritableLane,
  writeTime,
} from './lane';
import { type Amounts, findExceeded, growthOf } from './quotas';
import { type LaneTables, schema } from './rows';
import { bytesOfRow, type PendingChange, toPendingChange } from './storage';
import type { Templates } from './template';
import type { Connection } from './transaction';

type Table = keyof LaneTables;

/** What all lanes of a database share. */
export interface Shared {
  readonly knex: Knex;
  readonly quotas: Amounts;
  readonly templates: Templates;
}

const ignore = () => undefined;

/** `Lane.bounded` on a connection. */
async function bounded<T>(
  connection: Connection,
  timeoutMs: number,
  part: () => Promise<T>,
): Promise<T | undefined> {
  // Not awaited: if these fail, the statements after them fail too.
  connection.query('savepoint bounded').catch(ignore);
  connection.query(`set local statement_timeout = ${timeoutMs}`).catch(ignore);
  // The rollback also restores the timeout. A part that only reads has nothing else to undo.
  const end = () =>
    Promise.all([
      connection.query('rollback to savepoint bounded'),
      connection.query('release savepoint bounded'),
    ]);
  try {
    const value = await part();
    await end();
    return value;
  } catch (error) {
    if (sqlState(error) !== '57014') throw error;
    await end();
    return undefined;
  }
}

function laneOn({ knex, quotas }: Shared, connection: Connection, { id, userId }: LaneKey) {
  return {
    id,
    userId,
    quotas,
    rows: (table: Table) =>
      limitToLane(knex(`${schema}.${table} as ${table}`).connection(connection), {
        table,
        laneId: id,
      }) as never,
    expression: (sql: string, bindings: readonly Knex.Value[] = []) => knex.raw(sql, [...bindings]),
  };
}

/** Runs a template of a lane. The lane's id comes first among the arguments. */
async function runTemplate<L>(
  { templates }: Shared,
  connection: Connection,
  { id, userId }: LaneKey,
  laneFor: (lane: LaneKey) => L,
  key: string,
  args: TemplateValues,
  build: (lane: L, args: never) => Knex.QueryBuilder,
): Promise<never> {
  const names = Object.keys(args);
  const statement = templates.statement(
    `${key} ${names.join()}`,
    [id, ...Object.values(args)],
    ([marker, ...markers]) =>
      build(
        laneFor({ id: marker as string, userId }),
        Object.fromEntries(names.map((name, index) => [name, markers[index]])) as never,
      ),
  );
  return (await run(connection, statement)).rows as never;
}

/** A lane in a read, on a connection whose transaction is open. */
export function readableLaneOn(shared: Shared, connection: Connection, lane: LaneKey): Lane {
  return {
    ...laneOn(shared, connection, lane),
    template: (key, args, build) =>
      runTemplate(
        shared,
        connection,
        lane,
        (marked) => readableLaneOn(shared, connection, marked),
        key,
        args,
        build as never,
      ),
    bounded: (timeoutMs, part) => bounded(connection, timeoutMs, part),
  };
}

/** What a write stores when it commits, beside its rows. */
export interface PendingEffects {
  readonly changes: PendingChange[];
  /** The bytes of the rows that it inserted. */
  rowBytes: number;
  erased: boolean;
  /** Who makes the changes. */
  readonly author: ChangeAuthor;
  /** As it was when the write locked the lane. */
  profile: Pick<LockedProfile, 'delivers'>;
}

export const noEffects = (author = serviceAuthor): PendingEffects => ({
  changes: [],
  rowBytes: 0,
  erased: false,
  author,
  profile: { delivers: false },
});

/** `WritableLane.attempt` on a connection. */
async function attempt<T>(
  connection: Connection,
  effects: PendingEffects,
  part: () => Promise<T>,
  shouldKeep: (value: T) => boolean,
): Promise<Attempt<T>> {
  const { changes, rowBytes } = effects;
  const changesBefore = changes.length;
  const undo = async () => {
    // Released too: else the attempt around this one, whose savepoint has the same name, could not be undone.
    await Promise.all([
      connection.query('rollback to savepoint attempt'),
      connection.query('release savepoint attempt'),
    ]);
    changes.length = changesBefore;
    effects.rowBytes = rowBytes;
  };
  // Not awaited: if it fails, the statements after it fail too.
  connection.query('savepoint attempt').catch(ignore);
  try {
    const value = await part();
    if (shouldKeep(value)) connection.query('release savepoint attempt').catch(ignore);
    else await undo();
    return { value };
  } catch (error) {
    if (isUnavailable(error)) throw error;
    await undo();
    return { error };
  }
}

/** A lane in a write. `finish` is `attempt` if it is left out. */
export function writableLaneOn(
  shared: Shared,
  connection: Connection,
  lane: LaneKey,
  effects: PendingEffects,
  counts: Promise<Amounts>,
  finish?: WritableLane['finish'],
): WritableLane {
  const { knex, quotas } = shared;
  const attemptPart: WritableLane['attempt'] = (part, shouldKeep) =>
    attempt(connection, effects, part, shouldKeep);
  return {
    ...readableLaneOn(shared, connection, lane),
    template: (key, args, build) =>
      runTemplate(
        shared,
        connection,
        lane,
        (marked) => writableLaneOn(shared, connection, marked, noEffects(), counts),
        key,
        args,
        build as never,
      ),
    now: knex.raw(writeTime),
    insert: (table, row) => {
      const rows = (Array.isArray(row) ? row : [row]) as object[];
      for (const each of rows) effects.rowBytes += bytesOfRow(each);
      return knex(`${schema}.${table}`)
        .connection(connection)
        .insert(rows.map((each) => ({ ...each, lane_id: lane.id }))) as never;
    },
    insertFromProfile: (table, row) => {
      effects.rowBytes += bytesOfRow(row);
      const values = Object.values(row).map((value) => knex.raw('?', [value as never]));
      const profile: Knex.QueryBuilder = laneOn(shared, connection, lane).rows('profiles');
      return knex(
        knex.raw('?? as ?? (??)', [`${schema}.${table}`, table, [...Object.keys(row), 'lane_id']]) as never,
      )
        .connection(connection)
        .insert(profile.select([...values, 'profiles.lane_id']) as never) as never;
    },
    changed: (change) => effects.changes.push(toPendingChange(change, effects.author)),
    stored: (bytes) => {
      effects.rowBytes += bytes;
    },
    attempt: attemptPart,
    finish: finish ?? ((part) => attemptPart(part, () => true)),
    exceeded: async () => findExceeded(await counts, growthOf(effects.changes, effects.rowBytes), quotas),
    erase: () => {
      effects.erased = true;
    },
  };
}

/** A write that was opened with `atOnce` sent a statement outside of `finish`. Nothing was sent. */
export class NotAtOnce extends Error {}

/** A lane whose statements are only those of `finish`. */
export function onlyFinishing(lane: WritableLane): WritableLane {
  let isFinishing = false;
  const guarded = <A extends unknown[], R>(send: (...args: A) => R) =>
    ((...args: A) => {
      if (!isFinishing) throw new NotAtOnce('A write at once sent a statement outside of `finish`.');
      return send(...args);
    }) as never;
  return {
    ...lane,
    rows: guarded(lane.rows),
    insert: guarded(lane.insert),
    insertFromProfile: guarded(lane.insertFromProfile),
    template: guarded(lane.template),
    attempt: guarded(lane.attempt),
    bounded: guarded(lane.bounded),
    async finish(part) {
      isFinishing = true;
      // A part sends all its statements before it awaits a result.
      const value = part();
      isFinishing = false;
      return { value: await value };
    },
  };
}
