/**
 * Detects that the database was restored from a backup or copied. A restored database is at an earlier state: it
 * assigns the numbers of later changes a second time, and clients that received the first ones would miss the second.
 * New epochs make these clients start again.
 */
import { randomUUID } from 'node:crypto';
import { isUnavailable } from './errors';
import { schema } from './rows';
import type { System, WithSystem } from './system';

/** The server and database of a session. A value is null if it does not exist, or if this login has no right to read it. */
export interface Installation {
  /** Created by `initdb`. A physical copy has the same identifier. */
  readonly systemIdentifier: string | null;
  /** Changes with `create database`. */
  readonly databaseOid: string;
  /** The oid of the table with this record. Changes with a restore by pg_restore. */
  readonly tableOid: string;
  /** The timeline of Neon's storage. Changes for a branch, and when a branch is reset or restored. */
  readonly neonTimeline: string | null;
  /** The server's recovery target; empty if it has none. */
  readonly recoveryTarget: string;
  /** Counts promotions, of a replica and of a server that was restored from an archive. */
  readonly timeline: number | null;
}

interface Recorded extends Omit<Installation, 'databaseOid' | 'tableOid' | 'recoveryTarget'> {
  readonly databaseOid: string | null;
  readonly tableOid: string | null;
  readonly recoveryTarget: string | null;
  /** Seconds since the last record; null if there is none. */
  readonly seenFor: number | null;
  /** Whether a process saw that the server's log position went back. */
  readonly behind: boolean;
  readonly renewedAt: Date | null;
  /** The run of `renewLanes` that has not ended yet. */
  readonly renewingOn: string | null;
  readonly renewedTo: string | null;
}

interface Present extends Installation {
  /** The flushed position of the write-ahead log, in bytes since the cluster began; null on a replica. */
  readonly position: bigint | null;
  /** Identifies the installation and the start of its server. Every restore changes this value. */
  readonly run: string;
}

// A failover takes seconds to minutes. A restore goes back further, or takes longer.
const failoverSeconds = 600;

/**
 * Why the database is not the recorded one; null if it is.
 *
 * If only the timeline is new and the record is recent, it was a failover. That is harmless, because the replica has the
 * record too. If the record is old, the server is a backup, or the service did not run in between. These two cases cannot
 * be distinguished.
 */
export function findRestore(
  recorded: Omit<Recorded, 'renewedAt' | 'renewingOn' | 'renewedTo'>,
  present: Installation,
): string | null {
  if (recorded.behind) return 'the server is at an earlier state than the service has seen';
  if (recorded.seenFor === null) return null;
  const differs = (name: keyof Installation) =>
    recorded[name] !== null && present[name] !== null && recorded[name] !== present[name];
  if (differs('systemIdentifier')) return 'it is on another server than before';
  if (differs('databaseOid')) return 'it is another database than before';
  if (differs('tableOid')) return 'its tables were created again';
  if (differs('neonTimeline')) return 'it is a branch, or it was reset';
  if (present.recoveryTarget !== '' && differs('recoveryTarget'))
    return 'its server was recovered to a recovery target';
  if (differs('timeline') && recorded.seenFor > failoverSeconds) {
    return `its server was promoted, and the service last saw it ${Math.round(recorded.seenFor / 60)} minutes before`;
  }
  return null;
}

const recordedSql = `
  select system_identifier as "systemIdentifier", database_oid as "databaseOid", table_oid as "tableOid",
    neon_timeline as "neonTimeline", recovery_target as "recoveryTarget", timeline,
    extract(epoch from clock_timestamp() - seen_at)::float8 as "seenFor", behind_at is not null as behind,
    renewed_at as "renewedAt", renewing_on as "renewingOn", renewed_to as "renewedTo"
  from ${schema}.installation`;

async function readRecorded(system: System, locking = ''): Promise<Recorded> {
  const [recorded] = await system.query<Recorded>(`${recordedSql} ${locking}`);
  if (!recorded) throw new Error(`The table ${schema}.installation has no row.`);
  return recorded;
}

// A call of a function without permission fails even in a branch of `case` that is not taken.
const allowedSql = `
  select coalesce(has_function_privilege(to_regprocedure('pg_control_system()'), 'execute'), false) as control,
    coalesce(has_function_privilege(to_regprocedure('pg_walfile_name(pg_lsn)'), 'execute')
      and has_function_privilege(to_regprocedure('pg_current_wal_flush_lsn()'), 'execute'), false) as log`;

async function readPresent(system: System): Promise<Present> {
  const [allowed] = await system.query<{ control: boolean; log: boolean }>(allowedSql);
  const position = allowed?.log
    ? 'case when not pg_is_in_recovery() then pg_current_wal_flush_lsn() end'
    : 'null::pg_lsn';
  const timeline = allowed?.log
    ? `('x' || substr(pg_walfile_name(position), 1, 8))::bit(32)::int`
    : 'null::int';
  const identifier = allowed?.control ? '(select system_identifier::text from pg_control_system())' : 'null';
  const [row] = await system.query<Installation & { position: string | null; started: string }>(
    `select ${identifier} as "systemIdentifier",
       (select oid::int8::text from pg_database where datname = current_database()) as "databaseOid",
       '${schema}.installation'::regclass::oid::int8::text as "tableOid",
       current_setting('neon.timeline_id', true) as "neonTimeline",
       (select coalesce(string_agg(name || ' = ' || setting, ', ' order by name), '') from pg_settings
        where name in ('recovery_target', 'recovery_target_lsn', 'recovery_target_name', 'recovery_target_time',
          'recovery_target_xid') and setting <> '') as "recoveryTarget",
       ${timeline} as timeline,
       pg_wal_lsn_diff(position, '0/0')::text as position,
       pg_postmaster_start_time()::text as started
     from (select ${position} as position) as log`,
  );
  if (!row) throw new Error('Postgres returned no row about the database.');
  const { position: bytes, started, ...installation } = row;
  return {
    ...installation,
    position: bytes === null ? null : BigInt(bytes),
    run: JSON.stringify([Object.values(installation), started]),
  };
}

async function record(system: System, present: Installation, also = ''): Promise<void> {
  await system.query(
    `update ${schema}.installation
     set system_identifier = coalesce($1, system_identifier), database_oid = $2, table_oid = $3, neon_timeline = $4,
       recovery_target = $5, timeline = coalesce($6, timeline), seen_at = clock_timestamp() ${also}`,
    [
      present.systemIdentifier,
      present.databaseOid,
      present.tableOid,
      present.neonTimeline,
      present.recoveryTarget,
      present.timeline,
    ],
  );
}

const recentSeconds = 30;

/**
 * Records the installation, unless it differs from the recorded one. Does nothing if it was recorded less than 30
 * seconds ago.
 */
export function recordInstallation(withSystem: WithSystem): Promise<{ readonly onNeon: boolean }> {
  return withSystem.write(async (system) => {
    const recorded = await readRecorded(system, 'for update');
    if (recorded.seenFor !== null && recorded.seenFor < recentSeconds) {
      return { onNeon: recorded.neonTimeline !== null };
    }
    const present = await readPresent(system);
    if (findRestore(recorded, present) === null) await record(system, present);
    return { onNeon: present.neonTimeline !== null };
  });
}

/** The last state of the server that this process has seen. A restore cannot change it. */
interface Memory {
  readonly position: bigint;
  /** When lanes were last renewed. Positions from before the renewal no longer count. */
  readonly renewedAt: number | undefined;
}

/** Makes a function that returns why lanes must be renewed (`tasklane restored`), or null. */
export function createRestoreWatch(withSystem: WithSystem): () => Promise<string | null> {
  let memory: Memory | undefined;
  return async () => {
    const { recorded, present } = await withSystem.read(async (system) => ({
      recorded: await readRecorded(system),
      present: await readPresent(system),
    }));
    const renewedAt = recorded.renewedAt?.getTime();
    const { position } = present;
    const behind =
      memory !== undefined &&
      position !== null &&
      position < memory.position &&
      memory.renewedAt === renewedAt;
    if (behind && !recorded.behind) {
      await withSystem.write((system) =>
        system.query(`update ${schema}.installation set behind_at = clock_timestamp()`),
      );
    }
    if (position !== null) memory = { position, renewedAt };
    const reason = findRestore({ ...recorded, behind: recorded.behind || behind }, present);
    return (
      reason &&
      `The database was restored or copied, because ${reason}. Run tasklane restored to renew its lanes.`
    );
  };
}

/** Whether a run of `renewLanes` has not ended yet. */
export function isRenewing(withSystem: WithSystem): Promise<boolean> {
  return withSystem.read(async (system) => (await readRecorded(system)).renewingOn !== null);
}

const lanesInBatch = 1_000;
const tries = 5;

/** Renews the next lanes. Returns their number; fewer than a batch means that these were the last. */
async function renewBatch(system: System): Promise<number> {
  const recorded = await readRecorded(system, 'for update');
  const present = await readPresent(system);
  // A run from before the backup does not count, because clients already know its epochs.
  const after = recorded.renewingOn === present.run ? (recorded.renewedTo ?? '0') : '0';
  const batch = await system
    .rows('profiles')
    .where('lane_id', '>', after)
    .orderBy('lane_id')
    .limit(lanesInBatch)
    .pluck<string[]>('lane_id');
  // Citus refuses an update that calls a volatile function. So the service, not Postgres, makes the epochs.
  await system.query(
    `update ${schema}.profiles as lane set epoch = renewed.epoch
     from unnest($1::bigint[], $2::uuid[]) as renewed (lane_id, epoch) where lane.lane_id = renewed.lane_id`,
    [batch, batch.map(() => randomUUID())],
  );
  const lanes = batch.length;
  if (lanes < lanesInBatch) {
    await record(
      system,
      present,
      ', behind_at = null, renewing_on = null, renewed_to = null, renewed_at = clock_timestamp()',
    );
  } else {
    await system.query(`update ${schema}.installation set renewing_on = $1, renewed_to = $2`, [
      present.run,
      batch.at(-1),
    ]);
  }
  return lanes;
}

/**
 * Gives each lane a new epoch, in transactions of 1,000 lanes, and records the current installation. A run continues
 * where an interrupted run ended. Lanes can be used during the run.
 * @param onBatch gets the number of lanes that this run has renewed so far
 * @returns the number of lanes that this run has renewed
 */
export async function renewLanes(
  withSystem: WithSystem,
  onBatch: (lanes: number) => void = () => undefined,
): Promise<number> {
  let total = 0;
  for (let failed = 0; ; ) {
    let lanes: number;
    try {
      lanes = await withSystem.write(renewBatch);
    } catch (error) {
      // Another transaction can lock a lane for as long as the statement timeout.
      if (!isUnavailable(error) || ++failed === tries) throw error;
      continue;
    }
    failed = 0;
    total += lanes;
    onBatch(total);
    if (lanes < lanesInBatch) return total;
  }
}
