/** A lane: the methods of the contract, synchronization and events. */
import { type Line, methodOf, parseLine, type QueryOf } from './calls.js';
import { NoTokenError, unwrap } from './errors.js';
import { type EventsOptions, followEvents, type OpenStream, type StreamEvent } from './events.js';
import { type LaneMethods, methods } from './methods.js';
import { createRaw, type RawClient, type RawOptions, type TokenSource } from './raw.js';
import { type RetryOptions, withRetries } from './retry.js';
import type { SyncPage } from './schemas.js';
import { claimsOf } from './tokens.js';

export interface SyncOptions extends RetryOptions {
  /** `next_token` of the last page that the copy has applied; without it, the first page begins a snapshot of the lane. */
  readonly token?: string | undefined;
  /** The largest number of entities in a page. */
  readonly limit?: number | undefined;
  /** An instant: a snapshot leaves out tasks that were closed before. The tokens keep it. */
  readonly closedSince?: string | undefined;
}

/** The tasks, projects, tags and settings of one user. */
export interface Lane extends LaneMethods {
  /** The id that `lane(userId)` was called with. */
  readonly id: string | undefined;
  /** The user's id. @throws {NoTokenError} if the lane is that of the token's subject and there is no token */
  userId(): Promise<string>;
  /**
   * Iterates over the pages that bring a copy of the lane up to date. Apply each page, and store its `next_token` together
   * with its changes. @throws {TasklaneProblem} `sync-token-expired` if the copy must start again without a token.
   */
  sync(options?: SyncOptions): AsyncGenerator<SyncPage, void, undefined>;
  /**
   * Iterates over the events of the lane, each once and in order. If a connection is lost, temporarily refused or closed by
   * the service, or if there is no token, the client connects again and continues after the last event. Each connection
   * yields `open`. The iteration ends after `erased`. @throws {TasklaneProblem} if the service refuses the stream permanently.
   */
  events(options?: EventsOptions): AsyncGenerator<StreamEvent, void, undefined>;
}

export interface Tasklane {
  /** The address of the service. */
  readonly baseUrl: string;
  /** False if requests carry no token of this client, because cookies or a proxy authenticate the user. */
  readonly hasToken: boolean;
  /** The lane of a user; without an id, the lane of the token's subject. Nothing is requested. */
  lane(userId?: string): Lane;
  /** The operations by method and path, with the types of the contract: results instead of errors, and every header. */
  readonly raw: RawClient;
}

/** The token's claim `sub` (RFC 7519, section 4.1.2). */
async function subjectOf(source: TokenSource | undefined): Promise<string> {
  const ask = async () => (typeof source === 'function' ? source({ refresh: false }) : source);
  const token = await ask().catch((cause: unknown) => {
    throw new NoTokenError({ cause });
  });
  if (!token) throw new NoTokenError();
  const subject = claimsOf(token)?.sub;
  if (subject === undefined) throw new TypeError('The token is not a JWT with a subject. Call lane(userId).');
  return subject;
}

/**
 * Creates a client for the service at `baseUrl`. Its methods resolve to the data of the response. They reject with
 * `TasklaneProblem`, whose `code` says which problem it is, with `TransportError` if there was no response from Tasklane, with
 * `NoTokenError`, and with the signal's reason after an abort.
 *
 * Reads are sent again after temporary errors. Writes are too, under an idempotency key, so that they take effect once.
 */
export function createTasklane(options: RawOptions): Tasklane {
  const { raw, send } = createRaw(options);
  const lane = (id?: string): Lane => {
    const userId = async () => id ?? (await subjectOf(options.token));
    const functionOf = (line: Line) => methodOf(parseLine(line), send, userId);
    const isLine = (value: Line | object): value is Line => typeof value === 'string' || Array.isArray(value);
    const built = Object.entries(methods).map(([name, value]) => [
      name,
      isLine(value)
        ? functionOf(value)
        : Object.fromEntries(Object.entries(value).map(([each, line]) => [each, functionOf(line)])),
    ]);

    async function* sync({ token, limit, closedSince, ...retry }: SyncOptions = {}) {
      const size = limit === undefined ? {} : { limit };
      const begin = closedSince === undefined ? {} : { closed_since: closedSince };
      let query: QueryOf<'syncLane'> = token === undefined ? { ...size, ...begin } : { ...size, token };
      for (;;) {
        const params = { path: { user_id: await userId() }, query };
        const page = await withRetries(
          (signal) => unwrap(raw.GET('/api/{user_id}/sync', { params, signal })),
          true,
          retry,
        );
        // The types of a page say what the contract says in words: a deleted entity has no data.
        yield page as SyncPage;
        if (!page.has_more) return;
        query = { ...size, token: page.next_token };
      }
    }
    const open: OpenStream = async (lastEventId, signal) => {
      const header = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
      const params = { path: { user_id: await userId() }, header };
      const body = await unwrap(raw.GET('/api/{user_id}/events', { params, parseAs: 'stream', signal }));
      return body as ReadableStream<Uint8Array>;
    };
    const events = (each: EventsOptions = {}) => followEvents(open, each);
    return Object.assign(Object.fromEntries(built), { id, userId, sync, events }) as Lane;
  };
  return { baseUrl: options.baseUrl, hasToken: options.token !== undefined, lane, raw };
}
