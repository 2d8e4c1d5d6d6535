/** The subscriptions of this process by lane, and their limits. */

import { positionText } from '../../platform/database/lane';
import { hashUser } from '../../platform/observability/logger';
import type { History } from '../changes/repository';
import { isReady, type Subscription } from './subscription';

/** The subscriptions of one lane. */
export interface LaneStreams {
  readonly userId: string;
  readonly userHash: string;
  readonly subscriptions: Set<Subscription>;
  /** The lane's history at the last read. */
  history: History;
  /** True if the lane may have more changes than `history` says. */
  woken: boolean;
  /** True while a reader reads for the lane. */
  reading: boolean;
  /** When the lane last got a stream or a change: a time of a monotonic clock, in milliseconds. */
  usedAt: number;
}

function isBehind({ woken, history }: LaneStreams, subscription: Subscription): boolean {
  return isReady(subscription) && (woken || subscription.position.seq < history.counter);
}

/**
 * True if at least one subscription of a lane needs a read. Each tick asks this for every lane, so it allocates
 * nothing.
 */
export function hasBehind(lane: LaneStreams): boolean {
  for (const subscription of lane.subscriptions) if (isBehind(lane, subscription)) return true;
  return false;
}

/** The subscriptions of a lane that need a read, in groups with the same position and the same client. */
export function behind(lane: LaneStreams): Iterable<Subscription[]> {
  const some = [...lane.subscriptions].filter((each) => isBehind(lane, each));
  return Map.groupBy(
    some,
    ({ position, clientId }) => `${positionText(position)} ${clientId ?? ''}`,
  ).values();
}

export interface Registry {
  /** The lanes by user. */
  readonly lanes: ReadonlyMap<string, LaneStreams>;
  /** The same lanes by `hashUser`. */
  readonly lanesByHash: ReadonlyMap<string, LaneStreams>;
  /** The limit that another subscription of a user would exceed; null if there is none. */
  exceededBy(userId: string): 'user-limit' | 'process-limit' | null;
  /** Adds a subscription to a lane whose history was just read. */
  add(userId: string, history: History, subscription: Subscription): LaneStreams;
  remove(lane: LaneStreams, subscription: Subscription): void;
  isEmpty(): boolean;
  /** The number of subscriptions. */
  count(): number;
}

/** Creates an empty registry. */
export function createRegistry({
  maxStreams,
  maxStreamsPerUser,
}: {
  readonly maxStreams: number;
  readonly maxStreamsPerUser: number;
}): Registry {
  const lanes = new Map<string, LaneStreams>();
  const lanesByHash = new Map<string, LaneStreams>();
  let streams = 0;

  function laneOf(userId: string, history: History): LaneStreams {
    const lane = lanes.get(userId) ?? {
      userId,
      userHash: hashUser(userId),
      subscriptions: new Set(),
      history,
      woken: false,
      reading: false,
      usedAt: 0,
    };
    if (lane.history.epoch !== history.epoch) {
      // The subscriptions of the earlier epoch notice at the next read that it has ended.
      Object.assign(lane, { history, woken: true });
    } else if (lane.history.counter < history.counter) lane.history = history;
    lane.usedAt = performance.now();
    lanes.set(userId, lane);
    lanesByHash.set(lane.userHash, lane);
    return lane;
  }

  return {
    lanes,
    lanesByHash,
    exceededBy(userId) {
      if (streams >= maxStreams) return 'process-limit';
      const own = lanes.get(userId)?.subscriptions.size ?? 0;
      return own >= maxStreamsPerUser ? 'user-limit' : null;
    },
    add(userId, history, subscription) {
      const lane = laneOf(userId, history);
      lane.subscriptions.add(subscription);
      streams++;
      return lane;
    },
    remove(lane, subscription) {
      lane.subscriptions.delete(subscription);
      streams--;
      if (lane.subscriptions.size > 0) return;
      lanes.delete(lane.userId);
      lanesByHash.delete(lane.userHash);
    },
    isEmpty: () => streams === 0,
    count: () => streams,
  };
}
