/**
 * The event streams of this process. One timer serves them all, and streams of one lane that stand at the same change
 * share its reads. What wakes a lane's streams is only a hint: each read tells what there is, and whether the history
 * goes on there without a gap.
 */
import type { Logger } from 'pino';
import type { EventStream, EventSubscriber } from '../../platform/contract/http/event-stream';
import { StaleToken, type UserScope } from '../../platform/database/lane';
import type { ChangeRow } from '../../platform/database/rows';
import { type History, type HistoryPosition, listChanges, lostIn, readHistory } from '../changes/repository';
import {
  changeText,
  erasedText,
  eventId,
  heartbeatText,
  openingText,
  reconnectText,
  resetText,
} from './format';

/** How far this process knows a lane to be. */
export interface KnownLane extends HistoryPosition {
  readonly userId: string;
}

export interface EventSettings {
  /** Milliseconds between two looks at the lanes. */
  readonly pollMs: number;
  /**
   * Milliseconds after which a silent stream gets a comment, and after which a client that takes nothing is cut off.
   */
  readonly heartbeatMs: number;
  readonly maxStreams: number;
  readonly maxStreamsPerUser: number;
}

export interface EventHubDependencies {
  readonly settings: EventSettings;
  /** The users of those lanes that are not at that position any more, by one query. */
  findMoved(lanes: readonly KnownLane[]): Promise<string[]>;
  readonly log: Logger;
}

/** A stream that is asked for. */
export interface StreamRequest {
  readonly userId: string;
  /** The lane as the caller's token opens it. */
  readonly lane: UserScope;
  /** When the token expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The lane's history, just read. */
  readonly history: History;
  /** The change that the stream begins after; null: the last one that there is. */
  readonly from: HistoryPosition | null;
}

export interface EventHub {
  /** Takes on a stream, to be opened or closed next; or says whose limit is reached. */
  subscribe(request: StreamRequest): EventSubscriber | 'user-limit' | 'process-limit';
  /** A hint that a lane has got changes: its streams need not wait for the next look. */
  wake(userId: string): void;
  /** Ends all streams, and takes on no more. */
  close(): void;
}

/** One stream. */
interface Subscription {
  readonly lane: UserScope;
  /** When it ends, in milliseconds since the epoch, and why then. */
  readonly endsAt: number;
  readonly endReason: 'token-expired' | 'age';
  /** Null until it is open. */
  stream: EventStream | null;
  /** The last change that was sent. */
  position: HistoryPosition;
  /**
   * A client that is `stuck` has taken nothing since it was too much; one that is `ended` has still to take the end.
   */
  state: 'open' | 'stuck' | 'ended';
  /** When the connection is broken off unless the client takes something; set unless it is open. */
  cutAt: number;
  /** When the next comment is due. */
  beatAt: number;
}

/** The streams of a lane. */
interface Feed {
  readonly userId: string;
  readonly subscriptions: Set<Subscription>;
  /** As it was last read. */
  history: History;
  /** Whether there may be more than that. */
  woken: boolean;
  reading: boolean;
}

// So that what can't be told from a token, such as a session that was ended, does not last.
const maxAgeMs = 3_600_000;
const pageSize = 100;
const chunkLength = 16 * 1024;
// Connections of the pool that streams take at most; requests need the others.
const maxReaders = 4;

const isReady = ({ stream, state }: Subscription) => stream !== null && state === 'open';

const isBehind = ({ woken, history }: Feed, subscription: Subscription) =>
  isReady(subscription) && (woken || subscription.position.seq < history.counter);

/** Whether something is to be read for any stream; asked of every lane with every tick. */
function hasBehind(feed: Feed): boolean {
  for (const subscription of feed.subscriptions) if (isBehind(feed, subscription)) return true;
  return false;
}

/** The streams that something is to be read for, those at the same change together. */
function behind(feed: Feed): Iterable<Subscription[]> {
  const some = [...feed.subscriptions].filter((each) => isBehind(feed, each));
  return Map.groupBy(some, (each) => eventId(each.position)).values();
}

/** Makes the hub; it takes no time while there are no streams. */
export function createEventHub({ settings, findMoved, log }: EventHubDependencies): EventHub {
  const { pollMs, heartbeatMs } = settings;
  const feeds = new Map<string, Feed>();
  const waiting = new Set<Feed>();
  let streams = 0;
  let readers = 0;
  let looking = false;
  let failing = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  function reportFailure(error: unknown): void {
    // Streams stay, and are served once the database answers; there may be thousands that fail meanwhile.
    if (!failing) log.warn({ err: error }, 'cannot read events');
    failing = true;
  }

  function write(subscription: Subscription, text: string): void {
    const now = Date.now();
    subscription.beatAt = now + heartbeatMs;
    if (subscription.stream?.send(text) === false) {
      subscription.state = 'stuck';
      subscription.cutAt = now + heartbeatMs;
    }
  }

  function end(subscription: Subscription, text: string): void {
    const { stream, state } = subscription;
    subscription.state = 'ended';
    subscription.cutAt = Date.now() + heartbeatMs;
    // A client that is stuck would not take this either.
    if (state === 'stuck') stream?.cut();
    else stream?.end(text);
  }

  function deliver(subscriptions: readonly Subscription[], epoch: string, rows: readonly ChangeRow[]): void {
    const texts = rows.map((row) => changeText(epoch, row));
    for (const subscription of subscriptions) {
      for (let next = 0; next < rows.length && isReady(subscription); ) {
        let text = '';
        do text += texts[next++];
        while (next < rows.length && text.length < chunkLength);
        subscription.position = { epoch, seq: Number(rows[next - 1]?.seq) };
        write(subscription, text);
      }
    }
  }

  /** Reads on for streams that stand at the same change. */
  async function advance(feed: Feed, subscriptions: readonly Subscription[]): Promise<void> {
    const [first] = subscriptions as [Subscription];
    const { position, lane } = first;
    let history: History;
    let rows: ChangeRow[];
    try {
      [history, rows] = await lane.read((snapshot) =>
        Promise.all([readHistory(snapshot), listChanges(snapshot, position.seq, pageSize)]),
      );
    } catch (error) {
      if (!(error instanceof StaleToken)) throw error;
      end(first, erasedText);
      // Another token may be newer than the lane.
      feed.woken = true;
      return;
    }
    feed.history = history;
    const { epoch, counter } = history;
    const lost = lostIn(history, position);
    if (epoch === null && position.epoch !== null) {
      for (const each of subscriptions) end(each, erasedText);
    } else if (lost) {
      const present = { epoch, seq: counter };
      for (const each of subscriptions) {
        each.position = present;
        write(each, resetText(lost, present));
      }
    } else if (epoch !== null) {
      deliver(subscriptions, epoch, rows);
    }
  }

  async function advanceAll(feed: Feed): Promise<void> {
    feed.reading = true;
    try {
      const groups = behind(feed);
      feed.woken = false;
      for (const group of groups) await advance(feed, group);
      failing = false;
      // A page for each, then it is another lane's turn.
      if (hasBehind(feed)) waiting.add(feed);
    } catch (error) {
      reportFailure(error);
    } finally {
      feed.reading = false;
    }
  }

  async function readOn(): Promise<void> {
    for (const feed of waiting) {
      waiting.delete(feed);
      // Whoever reads for it finds it woken.
      if (!feed.reading) await advanceAll(feed);
    }
  }

  /** Has the streams of a lane read on, as soon as a reader is free. */
  function serve(feed: Feed): void {
    waiting.add(feed);
    if (readers === maxReaders) return;
    readers++;
    void readOn().finally(() => readers--);
  }

  function wake(userId: string): void {
    const feed = feeds.get(userId);
    if (!feed) return;
    feed.woken = true;
    serve(feed);
  }

  async function look(): Promise<void> {
    if (looking || feeds.size === 0) return;
    looking = true;
    try {
      const known = [...feeds.values()].map(({ userId, history: { epoch, counter } }) => ({
        userId,
        epoch,
        seq: counter,
      }));
      for (const userId of await findMoved(known)) wake(userId);
    } catch (error) {
      reportFailure(error);
    } finally {
      looking = false;
    }
  }

  function attend(subscription: Subscription, now: number): void {
    if (subscription.state !== 'open') {
      if (now >= subscription.cutAt) subscription.stream?.cut();
    } else if (now >= subscription.endsAt) end(subscription, reconnectText(subscription.endReason));
    else if (now >= subscription.beatAt) write(subscription, heartbeatText);
  }

  function tick(): void {
    const now = Date.now();
    for (const feed of feeds.values()) {
      for (const subscription of feed.subscriptions) attend(subscription, now);
      // Those whose read failed.
      if (!feed.reading && hasBehind(feed)) serve(feed);
    }
    void look();
  }

  function feedOf(userId: string, history: History): Feed {
    const feed = feeds.get(userId) ?? {
      userId,
      subscriptions: new Set(),
      history,
      woken: false,
      reading: false,
    };
    if (feed.history.epoch !== history.epoch) {
      // Streams of an epoch that is over find out by reading.
      Object.assign(feed, { history, woken: true });
    } else if (feed.history.counter < history.counter) feed.history = history;
    feeds.set(userId, feed);
    return feed;
  }

  function leave(feed: Feed, subscription: Subscription): void {
    feed.subscriptions.delete(subscription);
    streams--;
    if (feed.subscriptions.size === 0) feeds.delete(feed.userId);
    if (streams === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  }

  return {
    subscribe({ userId, lane, expiresAt, history, from }) {
      if (closed || streams >= settings.maxStreams) return 'process-limit';
      if ((feeds.get(userId)?.subscriptions.size ?? 0) >= settings.maxStreamsPerUser) return 'user-limit';
      const feed = feedOf(userId, history);
      const present = { epoch: history.epoch, seq: history.counter };
      const lost = from && lostIn(history, from);
      const position = from && !lost ? { epoch: history.epoch, seq: from.seq } : present;
      const opening = openingText(position) + (lost ? resetText(lost, position) : '');
      const now = Date.now();
      const subscription: Subscription = {
        lane,
        endsAt: Math.min(expiresAt, now + maxAgeMs),
        endReason: expiresAt <= now + maxAgeMs ? 'token-expired' : 'age',
        stream: null,
        position,
        state: 'open',
        cutAt: Number.POSITIVE_INFINITY,
        // Streams that came together don't all beat together.
        beatAt: now + heartbeatMs * Math.random(),
      };
      feed.subscriptions.add(subscription);
      streams++;
      timer ??= setInterval(tick, pollMs);
      return {
        opened(stream) {
          subscription.stream = stream;
          stream.send(opening);
          if (closed) end(subscription, reconnectText('shutdown'));
          else serve(feed);
        },
        drained() {
          if (subscription.state !== 'stuck') return;
          subscription.state = 'open';
          serve(feed);
        },
        closed() {
          leave(feed, subscription);
        },
      };
    },
    wake,
    close() {
      closed = true;
      for (const feed of feeds.values()) {
        for (const subscription of feed.subscriptions) end(subscription, reconnectText('shutdown'));
      }
    },
  };
}
