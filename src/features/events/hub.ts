/**
 * The event streams of this process. One timer (`clock.ts`) serves them all, and a few readers (`reader.ts`) read the
 * changes. A wake-up is only a hint: each read shows which changes there are, and whether the history continues without
 * a gap.
 */
import type { Logger } from 'pino';
import type { EventSubscriber } from '../../platform/contract/http/event-stream';
import type { LanePosition, UserScope } from '../../platform/database/lane';
import { noWakeUps, type WakeUps } from '../../platform/wake-ups/wake-ups';
import { type History, lostIn } from '../changes/repository';
import { createClock, type KnownLane } from './clock';
import { openingText, reconnectText, resetText } from './format';
import { createReader } from './reader';
import { createRegistry, type LaneStreams } from './registry';
import { createStreamWriter, type Subscription } from './subscription';

export type { KnownLane } from './clock';

export interface EventSettings {
  /** Milliseconds between two searches for lanes with new changes, while their users are active. */
  readonly pollMs: number;
  /** The same for lanes of idle users, and for all lanes while other processes send wake-ups. */
  readonly idlePollMs: number;
  /** Milliseconds until an idle stream gets a heartbeat, and until a client that reads nothing is cut off. */
  readonly heartbeatMs: number;
  readonly maxStreams: number;
  readonly maxStreamsPerUser: number;
}

export interface EventHubDependencies {
  readonly settings: EventSettings;
  /** The users of the lanes whose history has changed since these positions, found with one query. */
  findMoved(lanes: readonly KnownLane[]): Promise<string[]>;
  /** Wake-ups of other processes: whether they arrive now, and what to do if one seems to be lost. */
  readonly wakeUps?: Pick<WakeUps, 'isUp' | 'check'>;
  readonly log: Logger;
}

/** A request for a stream. */
export interface StreamRequest {
  readonly userId: string;
  /** The lane, opened with the caller's token. */
  readonly lane: UserScope;
  /** The client of this token; null for the user. */
  readonly clientId: string | null;
  /** When the token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** The lane's history at the time of the request. */
  readonly history: History;
  /** The position after which the stream begins; null for the end of the history. */
  readonly from: LanePosition | null;
}

export interface EventHub {
  /** Adds a stream, which must be opened or closed next. @returns the exceeded limit if there are too many streams */
  subscribe(request: StreamRequest): EventSubscriber | 'user-limit' | 'process-limit';
  /** A hint that a lane has new changes, so that its streams need not wait for the next search. */
  wake(userId: string): void;
  /** The same hint from another process. @param userHash the `hashUser` of the lane's user */
  wakeHashed(userHash: string): void;
  /** A hint that every lane may have new changes: the next tick searches all of them. */
  wakeAll(): void;
  /** The number of open streams. */
  count(): number;
  /** Ends all streams and accepts no more. */
  close(): void;
}

// Streams end after this time, because a token does not show, for example, that its session has ended.
const maxAgeMs = 3_600_000;

/** Creates the hub. Its timer runs only while there are streams. */
export function createEventHub({
  settings,
  findMoved,
  wakeUps = noWakeUps,
  log,
}: EventHubDependencies): EventHub {
  const { heartbeatMs } = settings;
  let failing = false;
  let closed = false;

  function reportFailure(error: unknown): void {
    // Streams stay open until the database answers again. Until then thousands of reads can fail, so only one is logged.
    if (!failing) log.warn({ err: error }, 'cannot read events');
    failing = true;
  }

  const registry = createRegistry(settings);
  const writer = createStreamWriter(heartbeatMs);
  const reader = createReader({
    writer,
    onRead(error) {
      if (error === null) failing = false;
      else reportFailure(error);
    },
  });
  const clock = createClock({
    ...settings,
    registry,
    writer,
    reader,
    wakeUps,
    findMoved,
    wake,
    onError: reportFailure,
  });

  function wakeLane(lane: LaneStreams | undefined): void {
    if (!lane) return;
    lane.woken = true;
    lane.usedAt = performance.now();
    reader.serve(lane);
  }

  function wake(userId: string): void {
    wakeLane(registry.lanes.get(userId));
  }

  return {
    subscribe({ userId, lane, clientId, expiresAt, history, from }) {
      const exceeded = closed ? 'process-limit' : registry.exceededBy(userId);
      if (exceeded) return exceeded;
      const present = { epoch: history.epoch, seq: history.counter };
      const lost = from && lostIn(history, from);
      const position = from && !lost ? { epoch: history.epoch, seq: from.seq } : present;
      const opening = openingText(position) + (lost ? resetText(lost, position) : '');
      const now = Date.now();
      const subscription: Subscription = {
        lane,
        clientId,
        endsAt: Math.min(expiresAt, now + maxAgeMs),
        endReason: expiresAt <= now + maxAgeMs ? 'token-expired' : 'age',
        stream: null,
        position,
        state: 'open',
        cutAt: Number.POSITIVE_INFINITY,
        // Random, so that streams that were opened together do not all send heartbeats together.
        beatAt: now + heartbeatMs * Math.random(),
      };
      const streams = registry.add(userId, history, subscription);
      clock.start();
      return {
        opened(stream) {
          subscription.stream = stream;
          stream.send(opening);
          if (closed) writer.end(subscription, reconnectText('shutdown'));
          else reader.serve(streams);
        },
        drained() {
          if (subscription.state !== 'stuck') return;
          subscription.state = 'open';
          reader.serve(streams);
        },
        closed() {
          registry.remove(streams, subscription);
          if (registry.isEmpty()) clock.stop();
        },
      };
    },
    wake,
    wakeHashed: (userHash) => wakeLane(registry.lanesByHash.get(userHash)),
    wakeAll: clock.searchAll,
    count: registry.count,
    close() {
      closed = true;
      for (const { subscriptions } of registry.lanes.values()) {
        for (const subscription of subscriptions) writer.end(subscription, reconnectText('shutdown'));
      }
    },
  };
}
