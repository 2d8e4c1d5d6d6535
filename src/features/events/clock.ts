/** The timer of all event streams: heartbeats, the ends of streams, and the search for lanes with new changes. */
import type { LanePosition } from '../../platform/database/lane';
import type { WakeUps } from '../../platform/wake-ups/wake-ups';
import { heartbeatText, reconnectText } from './format';
import type { Reader } from './reader';
import { hasBehind, type LaneStreams, type Registry } from './registry';
import type { StreamWriter, Subscription } from './subscription';

/** The last position of a lane that this process knows. */
export interface KnownLane extends LanePosition {
  readonly userId: string;
}

export interface ClockDependencies {
  readonly pollMs: number;
  readonly idlePollMs: number;
  readonly registry: Registry;
  readonly writer: StreamWriter;
  readonly reader: Reader;
  /** The users of the lanes whose history has changed since these positions, found with one query. */
  findMoved(lanes: readonly KnownLane[]): Promise<string[]>;
  readonly wakeUps: Pick<WakeUps, 'isUp' | 'check'>;
  /** Wakes the streams of a lane that has new changes. */
  wake(userId: string): void;
  onError(error: unknown): void;
}

export interface Clock {
  /** Starts the timer, unless it runs already. */
  start(): void;
  /** Makes the next tick search all lanes. */
  searchAll(): void;
  stop(): void;
}

function positionOf({ userId, history: { epoch, counter } }: LaneStreams): KnownLane {
  return { userId, epoch, seq: counter };
}

// A user whose lane got no stream and no change for this long is idle.
const activeMs = 60_000;

/**
 * Makes the function that chooses the lanes to search now: all of them every `idlePollMs`, and in between those of active
 * users, unless wake-ups arrive.
 */
export function createSearchPlan({
  idlePollMs,
  isAnnounced,
}: {
  readonly idlePollMs: number;
  /** Whether other processes send wake-ups. */
  isAnnounced(): boolean;
}) {
  let nextAt = Number.NEGATIVE_INFINITY;
  return {
    /** Makes the next search one of all lanes. */
    searchAll() {
      nextAt = Number.NEGATIVE_INFINITY;
    },
    choose(lanes: readonly LaneStreams[], now: number): readonly LaneStreams[] {
      if (now >= nextAt) {
        nextAt = now + idlePollMs;
        return lanes;
      }
      return isAnnounced() ? [] : lanes.filter(({ usedAt }) => now - usedAt < activeMs);
    },
  };
}

/** Creates the clock; it does not run yet. */
export function createClock(dependencies: ClockDependencies): Clock {
  const { pollMs, idlePollMs, registry, writer, reader, wakeUps, findMoved, wake, onError } = dependencies;
  const plan = createSearchPlan({ idlePollMs, isAnnounced: wakeUps.isUp });
  let timer: NodeJS.Timeout | undefined;
  let polling = false;

  async function poll(): Promise<void> {
    if (polling) return;
    const lanes = plan.choose([...registry.lanes.values()], performance.now());
    if (lanes.length === 0) return;
    polling = true;
    try {
      const moved = await findMoved(lanes.map(positionOf));
      if (moved.length > 0 && wakeUps.isUp()) wakeUps.check();
      for (const userId of moved) wake(userId);
    } catch (error) {
      onError(error);
    } finally {
      polling = false;
    }
  }

  function attend(subscription: Subscription, now: number): void {
    if (subscription.state !== 'open') {
      if (now >= subscription.cutAt) subscription.stream?.cut();
    } else if (now >= subscription.endsAt) writer.end(subscription, reconnectText(subscription.endReason));
    else if (now >= subscription.beatAt) writer.send(subscription, heartbeatText);
  }

  function tick(): void {
    const now = Date.now();
    for (const lane of registry.lanes.values()) {
      for (const subscription of lane.subscriptions) attend(subscription, now);
      // A lane is still behind if its last read failed.
      if (!lane.reading && hasBehind(lane)) reader.serve(lane);
    }
    void poll();
  }

  return {
    start() {
      timer ??= setInterval(tick, pollMs);
    },
    searchAll: plan.searchAll,
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
