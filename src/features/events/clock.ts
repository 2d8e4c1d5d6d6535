/** The timer of all event streams: heartbeats, the ends of streams, and the search for lanes with new changes. */
import type { LanePosition } from '../../platform/database/lane';
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
  readonly registry: Registry;
  readonly writer: StreamWriter;
  readonly reader: Reader;
  /** The users of the lanes whose history has changed since these positions, found with one query. */
  findMoved(lanes: readonly KnownLane[]): Promise<string[]>;
  /** Wakes the streams of a lane that has new changes. */
  wake(userId: string): void;
  onError(error: unknown): void;
}

export interface Clock {
  /** Starts the timer, unless it runs already. */
  start(): void;
  stop(): void;
}

function positionOf({ userId, history: { epoch, counter } }: LaneStreams): KnownLane {
  return { userId, epoch, seq: counter };
}

/** Creates the clock; it does not run yet. */
export function createClock(dependencies: ClockDependencies): Clock {
  const { pollMs, registry, writer, reader, findMoved, wake, onError } = dependencies;
  let timer: NodeJS.Timeout | undefined;
  let polling = false;

  async function poll(): Promise<void> {
    if (polling || registry.lanes.size === 0) return;
    polling = true;
    try {
      for (const userId of await findMoved([...registry.lanes.values()].map(positionOf))) wake(userId);
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
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
