/** The internal form of handlers' replies, and the other outcomes of a request. */
import type { StoredReply } from '../../database/lane';
import type { ProblemCode, ProblemMembers } from '../document/problems';
import type { EventSubscriber } from './event-stream';

/** What `call.reply` makes. */
export interface Result {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What `call.stream` makes. */
export interface StreamedResult extends Result {
  readonly body: object;
  readonly streamed: true;
}

/** What `call.eventStream` makes. */
export interface EventStreamResult extends Result {
  readonly subscriber: EventSubscriber;
}

/** What `call.fail` makes. */
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
