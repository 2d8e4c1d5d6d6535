/** The types of handlers' calls and replies, derived from the contract. */
import type { Logger } from 'pino';
import type { operations, SpooledOperation } from '../../../../generated/openapi';
import type { Identity } from '../../auth/authenticator';
import type { UserScope } from '../../database/lane';
import type { SpooledBody } from '../bodies/spool';
import type { OperationId, Schemas } from '../document/operations';
import type { EventSubscriber } from './event-stream';
import type { Streamed } from './stream';

type Responses<Id extends OperationId> = operations[Id]['responses'];
type ResponseAt<Id extends OperationId, S extends keyof Responses<Id>> = Responses<Id>[S];

/** A status that the contract has for the operation. `5XX` means internal errors. */
export type Status<Id extends OperationId> = Extract<keyof Responses<Id>, number | '5XX'>;

type ProblemAt<Id extends OperationId, S> = S extends keyof Responses<Id>
  ? ResponseAt<Id, S> extends { content: { 'application/problem+json': infer P } }
    ? P
    : never
  : never;

/** A status of the operation whose body is a result, not a problem. */
export type SuccessStatus<Id extends OperationId> = Exclude<
  {
    [S in keyof Responses<Id>]: [ProblemAt<Id, S>] extends [never] ? S : never;
  }[keyof Responses<Id>] &
    number,
  // The platform answers this status to `If-None-Match`.
  304
>;

/** The body of a status; undefined if the contract has none. */
export type ReplyBody<Id extends OperationId, S extends keyof Responses<Id>> =
  ResponseAt<Id, S> extends { content: infer C } ? C[keyof C] : undefined;

// The platform sets these headers.
type PlatformHeader =
  | 'X-Request-Id'
  | 'ETag'
  | 'Idempotency-Replayed'
  | 'RateLimit'
  | 'RateLimit-Policy'
  | 'Tasklane-Request'
  | 'Tasklane-Seq';

type NamedHeaders<H> = { [K in keyof H as string extends K ? never : Exclude<K, PlatformHeader>]: H[K] };

/** The headers that a handler must set for a status. */
export type ReplyHeaders<Id extends OperationId, S extends keyof Responses<Id>> =
  ResponseAt<Id, S> extends { headers: infer H } ? NamedHeaders<H> : Record<never, never>;

// The platform cannot compute the entity tag of a stream, so its handler gives it.
type StreamHeaders<Id extends OperationId, S extends keyof Responses<Id>> = ReplyHeaders<Id, S> &
  (ResponseAt<Id, S> extends { headers: { ETag: infer T } } ? { ETag: T } : unknown);

type BodyAndHeaders<B, H> = keyof H extends never
  ? [B] extends [undefined]
    ? []
    : [body: B]
  : Record<never, never> extends H
    ? [body: B, headers?: H]
    : [body: B, headers: H];

type ReplyArguments<Id extends OperationId, S extends keyof Responses<Id>> = BodyAndHeaders<
  ReplyBody<Id, S>,
  ReplyHeaders<Id, S>
>;

/** A status of the operation whose body is an event stream. */
export type EventStreamStatus<Id extends OperationId> = {
  [S in keyof Responses<Id>]: ResponseAt<Id, S> extends { content: { 'text/event-stream': string } }
    ? S
    : never;
}[keyof Responses<Id>] &
  number;

// Only the platform answers with these statuses.
type PlatformStatus = 400 | 401 | 403 | 405 | 408 | 412 | 413 | 415 | 428 | 431 | '5XX';

// Only the platform answers with these codes, under statuses that handlers use too.
type PlatformCode =
  | 'idempotency-key-reused'
  | 'quota-exceeded'
  | 'rate-limited'
  | 'reply-not-kept'
  | 'request-in-flight';

type HandlerProblem<Id extends OperationId> = {
  [S in Exclude<keyof Responses<Id>, PlatformStatus>]: ProblemAt<Id, S>;
}[Exclude<keyof Responses<Id>, PlatformStatus>];

type CodeOf<P> = P extends { code: infer Code extends string } ? Exclude<Code, PlatformCode> : never;

/** The problem codes with which a handler of the operation can answer, for one status. */
export type FailureCodeAt<Id extends OperationId, S> = S extends PlatformStatus
  ? never
  : CodeOf<ProblemAt<Id, S>>;

/** The problem codes with which a handler of the operation can answer. */
export type FailureCode<Id extends OperationId> = CodeOf<HandlerProblem<Id>>;

// The platform counts the omitted errors if the handler does not.
type ProblemMembers<P> = Omit<P, keyof Schemas['Problem'] | 'errors_omitted'> &
  (P extends { errors_omitted: number } ? { errors_omitted?: number } : unknown);
type FailureOf<Id extends OperationId, Code> = Extract<HandlerProblem<Id>, { code: Code }>;

type FailureArguments<P> = keyof ProblemMembers<P> extends never
  ? [members?: { detail?: string }]
  : [members: { detail?: string } & ProblemMembers<P>];

type StreamArguments<Id extends OperationId, S extends keyof Responses<Id>> = BodyAndHeaders<
  Streamed<ReplyBody<Id, S>>,
  StreamHeaders<Id, S>
>;

declare const replyOf: unique symbol;

/** The return value of a handler. Only the methods of `call` create it, so that the compiler checks all of its fields. */
export interface Reply<Id extends OperationId> {
  readonly [replyOf]: Id;
}

type PathOf<Id extends OperationId> = operations[Id]['parameters'] extends { path: infer P } ? P : unknown;
type QueryOf<Id extends OperationId> = operations[Id]['parameters'] extends { query: infer Q }
  ? Q
  : NonNullable<operations[Id]['parameters']['query']>;
// The platform handles these headers.
type PlatformRequestHeader = 'Idempotency-Key' | 'If-Match' | 'If-None-Match';

// Node gives header names in lower case.
type HeadersOf<Id extends OperationId> = operations[Id]['parameters'] extends { header?: infer H }
  ? { [K in Exclude<keyof H, PlatformRequestHeader> as Lowercase<K & string>]: H[K] }
  : unknown;
type BodyOf<Id extends OperationId> = Id extends SpooledOperation
  ? SpooledBody
  : operations[Id] extends { requestBody: { content: infer C } }
    ? C[keyof C]
    : operations[Id] extends { requestBody?: { content: infer C } }
      ? C[keyof C] | undefined
      : undefined;

interface CallBase<Id extends OperationId> {
  readonly path: PathOf<Id>;
  readonly query: QueryOf<Id>;
  /** The header parameters of the contract, by their names in lower case. */
  readonly headers: HeadersOf<Id>;
  /**
   * The validated body, with its defaults filled in. For spooled bodies only what is outside the top-level arrays is
   * validated.
   */
  readonly body: BodyOf<Id>;
  /** The media type of the body, spelled as in the contract; empty if there is no body. */
  readonly mediaType: string;
  /** The path and query as the client wrote them. */
  readonly url: string;
  /** The id of the request in the log, for problems that are part of a result. */
  readonly requestId: string;
  readonly log: Logger;
  /** Answers with a result: a status of the contract, with its body and headers. */
  reply<S extends SuccessStatus<Id> & keyof Responses<Id>>(
    status: S,
    ...rest: ReplyArguments<Id, S>
  ): Reply<Id>;
  /**
   * Answers with a result that is too large for memory: pieces of text, or an object whose arrays come in pages. It
   * is not validated.
   */
  stream<S extends SuccessStatus<Id> & keyof Responses<Id>>(
    status: S,
    ...rest: StreamArguments<Id, S>
  ): Reply<Id>;
  /** Answers with an event stream. `subscriber` writes to it afterwards. */
  eventStream<S extends EventStreamStatus<Id>>(status: S, subscriber: EventSubscriber): Reply<Id>;
  /** Answers with one of the operation's problems. */
  fail<Code extends FailureCode<Id>>(code: Code, ...rest: FailureArguments<FailureOf<Id, Code>>): Reply<Id>;
}

interface LaneCall {
  /** The caller. Its id equals the `user_id` of the path. */
  readonly identity: Identity;
  /** The caller's lane. Handlers have no other access to the database. */
  readonly lane: UserScope;
}

/** One request, validated against the contract. Operations below `/api/{user_id}` also get the caller's lane. */
export type Call<Id extends OperationId> = CallBase<Id> &
  (PathOf<Id> extends { user_id: string } ? LaneCall : unknown);

/** Carries out one operation. Expected outcomes are replies. Every error that it throws is an internal error. */
export type Handler<Id extends OperationId> = (call: Call<Id>) => Promise<Reply<Id>>;

/** Exactly one handler for each operation of the contract. */
export type Handlers = { readonly [Id in OperationId]: Handler<Id> };
