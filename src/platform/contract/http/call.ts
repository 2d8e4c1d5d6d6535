/** What a handler receives and what it may answer, all derived from the contract. */
import type { Logger } from 'pino';
import type { operations } from '../../../../generated/openapi';
import type { Identity } from '../../auth/authenticator';
import type { UserScope } from '../../database/lane';
import type { SpooledBody } from '../bodies/spool';
import type { OperationId, Schemas } from '../document/operations';
import type { EventSubscriber } from './event-stream';
import type { Streamed } from './stream';

type Responses<Id extends OperationId> = operations[Id]['responses'];
type ResponseAt<Id extends OperationId, S extends keyof Responses<Id>> = Responses<Id>[S];

/** A status that the contract names for the operation; `5XX` stands for faults. */
export type Status<Id extends OperationId> = Extract<keyof Responses<Id>, number | '5XX'>;

type ProblemAt<Id extends OperationId, S> = S extends keyof Responses<Id>
  ? ResponseAt<Id, S> extends { content: { 'application/problem+json': infer P } }
    ? P
    : never
  : never;

/** A status under which the operation answers with a result rather than a problem. */
export type SuccessStatus<Id extends OperationId> = Exclude<
  {
    [S in keyof Responses<Id>]: [ProblemAt<Id, S>] extends [never] ? S : never;
  }[keyof Responses<Id>] &
    number,
  // The platform's answer to a condition.
  304
>;

/** The body that goes with a status; undefined where the contract has none. */
export type ReplyBody<Id extends OperationId, S extends keyof Responses<Id>> =
  ResponseAt<Id, S> extends { content: infer C } ? C[keyof C] : undefined;

// The platform sends these.
type PlatformHeader = 'X-Request-Id' | 'ETag' | 'Idempotency-Replayed' | 'RateLimit' | 'RateLimit-Policy';

type NamedHeaders<H> = { [K in keyof H as string extends K ? never : Exclude<K, PlatformHeader>]: H[K] };

/** The headers that a handler has to give with a status. */
export type ReplyHeaders<Id extends OperationId, S extends keyof Responses<Id>> =
  ResponseAt<Id, S> extends { headers: infer H } ? NamedHeaders<H> : Record<never, never>;

// What a stream stands for can't be told from its body: its handler names it.
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

/** A status under which the operation answers with a stream of events. */
export type EventStreamStatus<Id extends OperationId> = {
  [S in keyof Responses<Id>]: ResponseAt<Id, S> extends { content: { 'text/event-stream': string } }
    ? S
    : never;
}[keyof Responses<Id>] &
  number;

// Statuses that the platform alone answers with.
type PlatformStatus = 400 | 401 | 403 | 412 | 413 | 415 | 428 | '5XX';

// What it answers with under statuses that handlers have too.
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

/** The codes of the problems that a handler of the operation may answer with under a status. */
export type FailureCodeAt<Id extends OperationId, S> = S extends PlatformStatus
  ? never
  : CodeOf<ProblemAt<Id, S>>;

/** The codes of the problems that a handler of the operation may answer with. */
export type FailureCode<Id extends OperationId> = CodeOf<HandlerProblem<Id>>;

// What is not given is counted.
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

/** What a handler returns. Only `call`'s methods make one, so that the compiler sees every field of it. */
export interface Reply<Id extends OperationId> {
  readonly [replyOf]: Id;
}

type PathOf<Id extends OperationId> = operations[Id]['parameters'] extends { path: infer P } ? P : unknown;
type QueryOf<Id extends OperationId> = operations[Id]['parameters'] extends { query: infer Q }
  ? Q
  : NonNullable<operations[Id]['parameters']['query']>;
// The platform sees to these.
type PlatformRequestHeader = 'Idempotency-Key' | 'If-Match' | 'If-None-Match';

// Node has their names in lower case.
type HeadersOf<Id extends OperationId> = operations[Id]['parameters'] extends { header?: infer H }
  ? { [K in Exclude<keyof H, PlatformRequestHeader> as Lowercase<K & string>]: H[K] }
  : unknown;
// Those that say `x-spooled`, which the types made of the contract don't.
type SpooledOperation = 'importLane';

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
  /** The headers that the contract names as parameters, by their names in lower case. */
  readonly headers: HeadersOf<Id>;
  /** The validated body, its defaults filled in; of one that is spooled, what is in none of its lists is validated. */
  readonly body: BodyOf<Id>;
  /** The media type of the body, as the contract spells it; empty where there is none. */
  readonly mediaType: string;
  /** The address as the client wrote it, path and query. */
  readonly url: string;
  /** The id under which the service logs the request, for problems inside of a result. */
  readonly requestId: string;
  readonly log: Logger;
  /** Answers with a result: a status of the contract, and the body and headers that go with it. */
  reply<S extends SuccessStatus<Id> & keyof Responses<Id>>(
    status: S,
    ...rest: ReplyArguments<Id, S>
  ): Reply<Id>;
  /** Answers with a result too large to hold: in pieces of text, or with lists in pages. It is not checked on the way. */
  stream<S extends SuccessStatus<Id> & keyof Responses<Id>>(
    status: S,
    ...rest: StreamArguments<Id, S>
  ): Reply<Id>;
  /** Answers with a stream of events, to which `subscriber` writes from then on. */
  eventStream<S extends EventStreamStatus<Id>>(status: S, subscriber: EventSubscriber): Reply<Id>;
  /** Answers with a problem that the contract has for this operation. */
  fail<Code extends FailureCode<Id>>(code: Code, ...rest: FailureArguments<FailureOf<Id, Code>>): Reply<Id>;
}

interface LaneCall {
  /** The caller, whose id is the path's `user_id`. */
  readonly identity: Identity;
  /** The caller's lane: the only way from a handler to the database. */
  readonly lane: UserScope;
}

/** One request, checked against the contract. Operations below `/api/{user_id}` come with the caller's lane. */
export type Call<Id extends OperationId> = CallBase<Id> &
  (PathOf<Id> extends { user_id: string } ? LaneCall : unknown);

/** The code of one operation. Expected outcomes are replies; what it throws is a fault. */
export type Handler<Id extends OperationId> = (call: Call<Id>) => Promise<Reply<Id>>;

/** A handler for every operation of the contract, no more and no less. */
export type Handlers = { readonly [Id in OperationId]: Handler<Id> };
