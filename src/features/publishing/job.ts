/** The jobs that publish the events of lanes to a broker, and find lanes whose changes were not queued. */
import { type Broker, publishTimeoutMs, type Run } from '../../platform/brokers/broker';
import { brokerFailure } from '../../platform/brokers/failure';
import { isUnavailable } from '../../platform/database/errors';
import type { LaneKey, LanePosition } from '../../platform/database/lane';
import { backlogOf } from '../../platform/jobs/backlog';
import type { Job, JobContext } from '../../platform/jobs/job';
import { hashUser } from '../../platform/observability/logger';
import type { Metrics } from '../../platform/observability/metrics/metrics';
import { nextEvents } from './lane-events';
import { endLease, freeParts, leasePart, renewLease, waitingLanes, waitingParts } from './leases';
import { movePosition, queueLane } from './positions';

export interface PublishSettings {
  /** The address of the service, for the source of events; empty for none. */
  readonly base: string;
  /** Milliseconds between two searches for lanes that wait. */
  readonly intervalMs: number;
}

// Several instances share the parts. An instance reads and sends so many lanes at once: 4 parts with 2 lanes each.
const partsAtOnce = 4;
const lanesAtOnce = 2;
const lanesInSearch = 100;

const leaseMs = 20_000;
const renewAfterMs = 7_000;
// A lane is begun only if its events can be stored, and its position moved, within the lease.
const lastStartMs = leaseMs - publishTimeoutMs - 2_000;

// While nobody uses the service, a broker that is away is asked this often.
const downMs = 5_000;

// A lane that the broker refuses is left out for this long, so that it does not hold up the others.
const refusedMs = 10_000;
const mostRefused = 1_000;

/** A part that this instance has leased. */
interface Lease {
  /** Extends the lease if needed. @returns false if it is lost */
  keep(): Promise<boolean>;
  end(): Promise<void>;
}

async function takeLease({ withSystem }: JobContext, part: number): Promise<Lease | undefined> {
  const send = async (statement: string, values: readonly unknown[]) => {
    const startedAt = performance.now();
    const [row] = await withSystem.write((system) => system.query<{ token: string }>(statement, values));
    return row && { token: row.token, startedAt };
  };
  let held = await send(leasePart, [part, leaseMs]);
  if (!held) return undefined;
  let renewing: Promise<void> | undefined;
  const renew = async (token: string) => {
    held = await send(renewLease, [part, leaseMs, token]);
  };
  return {
    async keep() {
      const ageMs = held ? performance.now() - held.startedAt : Number.POSITIVE_INFINITY;
      if (held && ageMs > renewAfterMs) {
        renewing ??= renew(held.token).finally(() => {
          renewing = undefined;
        });
        await renewing;
      }
      return held !== undefined && performance.now() - held.startedAt <= lastStartMs;
    },
    async end() {
      if (held) await withSystem.write((system) => system.query(endLease, [part, held?.token]));
    },
  };
}

/** The broker did not store the events of a lane. */
class PublishError extends Error {}

/** A lane that waits, and its position. */
interface WaitingLane {
  readonly key: LaneKey;
  readonly position: LanePosition;
}

/** Calls `work` for each item, at most `limit` at once. After an error it begins no more, and rejects when all have ended. */
async function forEach<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  const run = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  const stop = (error: unknown) => {
    rest.length = 0;
    throw error;
  };
  const results = await Promise.allSettled(Array.from({ length: limit }, () => run().catch(stop)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Creates the job that publishes events. `connect` makes the connection to the broker, at the first event. */
export function createPublishJob(
  { base, intervalMs }: PublishSettings,
  connect: () => Broker,
  metrics?: Pick<Metrics, 'eventsPublished' | 'publishFailed'>,
): Job {
  let isDown = false;
  // Until when lanes are left out, by id.
  const refused = new Map<string, number>();

  /** Finds out whether the broker answers, and logs a change. */
  async function probe({ log }: JobContext): Promise<void> {
    const wasDown = isDown;
    const error = await connect()
      .probe()
      .then(
        () => undefined,
        (error) => error,
      );
    isDown = error !== undefined;
    if (isDown && !wasDown) {
      const reason = brokerFailure(error) ?? undefined;
      log.warn({ err: error, reason }, 'the broker does not accept events: they wait');
    }
    if (wasDown && !isDown) log.info('the broker accepts events again');
  }

  function skipped(): string[] {
    const now = performance.now();
    for (const [id, until] of refused) if (until <= now) refused.delete(id);
    return [...refused.keys()];
  }

  /** Leaves a lane out for a while, unless the reason concerns all lanes. @throws if the database is not available */
  async function fail(context: JobContext, { key }: WaitingLane, error: unknown): Promise<void> {
    if (error instanceof PublishError) {
      metrics?.publishFailed();
      await probe(context);
      if (isDown) return;
    } else if (isUnavailable(error)) throw error;
    const reason = (error instanceof PublishError && brokerFailure(error)) || undefined;
    const user = hashUser(key.userId);
    context.log.error({ err: error, reason, user }, 'cannot publish the events of a lane');
    refused.set(key.id, performance.now() + refusedMs);
    // If so many lanes fail, the reason is not in the lanes.
    isDown = refused.size >= mostRefused;
  }

  async function store(run: Run): Promise<number> {
    try {
      return run.events.length > 0 ? await connect().publish(run) : 0;
    } catch (cause) {
      throw new PublishError('The broker stored none of the events.', { cause });
    }
  }

  /** Publishes the next events of a lane. @returns whether it has more */
  async function publishLane(context: JobContext, { key, position }: WaitingLane): Promise<boolean> {
    const lane = context.laneForJob(key);
    const run = await lane.read((readable) => nextEvents(readable, position, base));
    if (!run) return false;
    const stored = await store(run);
    metrics?.eventsPublished(stored, stored > 0 ? run.resets : 0);
    const isWhole = stored === run.events.length;
    const reached = isWhole ? run.last : (run.positions[stored - 1] as LanePosition);
    await lane.write((writable) => movePosition(writable, position, reached));
    return !isWhole || run.hasMore;
  }

  async function findLanes({ withSystem }: JobContext, part: number): Promise<WaitingLane[]> {
    return withSystem.read(async (system) => {
      const rows = await system.query<{ laneId: string; epoch: string; seq: number }>(waitingLanes, [
        part,
        lanesInSearch,
        skipped(),
      ]);
      const lanes = await system.lanes(rows.map(({ laneId }) => laneId));
      return rows.flatMap(({ laneId, epoch, seq }) => {
        const key = lanes.get(laneId);
        return key ? [{ key, position: { epoch, seq } }] : [];
      });
    });
  }

  /** Publishes the events of a part's lanes until none wait. @returns whether it published any */
  async function publishPart(context: JobContext, part: number): Promise<boolean> {
    const lease = await takeLease(context, part);
    if (!lease) return false;
    let hasPublished = false;
    let more = true;
    const mustStop = () => context.signal.aborted || isDown;
    try {
      while (more && !mustStop()) {
        const lanes = await findLanes(context, part);
        more = lanes.length === lanesInSearch;
        await forEach(lanes, lanesAtOnce, async (each) => {
          if (mustStop() || !(await lease.keep())) return;
          try {
            more = (await publishLane(context, each)) || more;
            hasPublished = true;
          } catch (error) {
            await fail(context, each, error);
          }
        });
        if (!(await lease.keep())) break;
      }
    } finally {
      await lease.end();
    }
    return hasPublished;
  }

  return {
    name: 'publish-events',
    everyMs: intervalMs,
    async run(context) {
      // While the broker is away, the database is not asked for lanes that wait.
      if (isDown) await probe(context);
      if (isDown) return { more: false, dueInMs: downMs };
      const { parts, isWaiting } = await context.withSystem.read(async (system) => {
        const [waiting, free] = await Promise.all([
          system.query<{ part: number }>(waitingParts),
          system.query<{ part: number }>(freeParts),
        ]);
        const isFree = new Set(free.map(({ part }) => part));
        const parts = waiting.map(({ part }) => part).filter((part) => isFree.has(part));
        return { parts, isWaiting: waiting.length > 0 };
      });
      const published = await Promise.all(
        parts.slice(0, partsAtOnce).map((part) => publishPart(context, part)),
      );
      const more = !isDown && parts.length > partsAtOnce && published.includes(true);
      // Another instance may have leased the others, and may end.
      return { more, dueInMs: isDown ? downMs : isWaiting ? leaseMs : undefined };
    },
  };
}

/** Measures the lanes that wait. */
export const measureWaiting = backlogOf('tasklane.event_positions', 'due_at is not null');

const lanesInRound = 1_000;

// A lane waits unnoticed if an instance without a broker wrote it, or if the database was restored.
const laneStates = `
  select profiles.lane_id as "laneId", positions.lane_id is null as "isNew",
    positions.due_at is null
      and (positions.published <> profiles.change_seq or positions.epoch <> profiles.epoch) as "isMissed"
  from tasklane.profiles as profiles
    left join tasklane.event_positions as positions on positions.lane_id = profiles.lane_id
  where profiles.lane_id > $1 order by profiles.lane_id limit $2`;

/**
 * Creates the job that walks through all lanes and queues those whose changes were not queued. A round visits 1,000 lanes.
 * @param withHistory whether lanes without a position get one before their oldest change
 */
export function createQueueMissedJob(withHistory: boolean): Job {
  let after = '0';
  return {
    name: 'queue-missed-events',
    everyMs: 3_600_000,
    async run({ withSystem, laneForJob, signal }) {
      const { visited, lanes } = await withSystem.read(async (system) => {
        const visited = await system.query<{ laneId: string; isNew: boolean; isMissed: boolean | null }>(
          laneStates,
          [after, lanesInRound],
        );
        const missed = visited.filter((each) => (each.isNew ? withHistory : each.isMissed));
        return { visited, lanes: await system.lanes(missed.map(({ laneId }) => laneId)) };
      });
      for (const key of lanes.values()) {
        if (signal.aborted) return { more: false };
        await laneForJob(key).write(queueLane);
      }
      const isEnd = visited.length < lanesInRound;
      after = isEnd ? '0' : (visited.at(-1)?.laneId ?? '0');
      return { more: !isEnd };
    },
  };
}
