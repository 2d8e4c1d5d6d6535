/** A subscription: one event stream, its position, and the state of its connection. */
import type { EventStream } from '../../platform/contract/http/event-stream';
import type { LanePosition, UserScope } from '../../platform/database/lane';

/** One event stream. */
export interface Subscription {
  readonly lane: UserScope;
  /** The client of the token with which the lane was opened; null for the user. */
  readonly clientId: string | null;
  /** When the stream ends, in milliseconds since 1970, and the reason. */
  readonly endsAt: number;
  readonly endReason: 'token-expired' | 'age';
  /** Null until the stream is open. */
  stream: EventStream | null;
  /** The position after the last change that was sent. */
  position: LanePosition;
  /** `stuck`: the client does not read, and the buffer is full. `ended`: the last event was sent, but not yet read. */
  state: 'open' | 'stuck' | 'ended';
  /** For a stream that is not `open`: when its connection is cut, in milliseconds since 1970. */
  cutAt: number;
  /** When the next heartbeat is due, in milliseconds since 1970. */
  beatAt: number;
}

/** True if events can be sent to the subscription. */
export function isReady({ stream, state }: Subscription): boolean {
  return stream !== null && state === 'open';
}

/** Writes to subscriptions. */
export interface StreamWriter {
  /** Sends text. The subscription becomes `stuck` if its buffer is full. */
  send(subscription: Subscription, text: string): void;
  /** Sends the last text and ends the stream. */
  end(subscription: Subscription, text: string): void;
}

/**
 * Creates the writer.
 * @param heartbeatMs milliseconds until the next heartbeat, and until a client that reads nothing is cut off
 */
export function createStreamWriter(heartbeatMs: number): StreamWriter {
  return {
    send(subscription, text) {
      const now = Date.now();
      subscription.beatAt = now + heartbeatMs;
      if (subscription.stream?.send(text) === false) {
        subscription.state = 'stuck';
        subscription.cutAt = now + heartbeatMs;
      }
    },
    end(subscription, text) {
      const { stream, state } = subscription;
      subscription.state = 'ended';
      subscription.cutAt = Date.now() + heartbeatMs;
      // A stuck client would not read the last text either.
      if (state === 'stuck') stream?.cut();
      else stream?.end(text);
    },
  };
}
