/** The internal form of handlers' replies, and the other outcomes of a request. */
import type { StoredReply } from '../../database/lane';
import type { ProblemCode, ProblemMembers } from '../document/problems';
import type { EventSubscriber } from './event-stream';

/** The result of `call.reply`. */
export interface Result {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The result of `call.stream`. */
export interface StreamedResult extends Result {
  readonly body: object;
  readonly streamed: true;
}

/** The result of `call.eventStream`. */
export interface EventStreamResult extends Result {
  readonly subscriber: EventSubscriber;
}

/** The result of `call.fail`. */
export interface Failure {
  readonly code: ProblemCode;
  readonly members: ProblemMembers;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The outcome of a handler. */
export type Outcome = Result | StreamedResult | EventStreamResult | Failure;

/** The stored reply of an earlier request with the same idempotency key. */
export interface Replay {
  readonly status: number;
  readonly replayed: NonNullable<StoredReply['content']>;
}
