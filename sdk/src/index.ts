/** A typed client for the Tasklane API, for browsers and Node: openapi-fetch with the types of the contract. */
import createClient, { type Client, type FetchOptions, type Middleware } from 'openapi-fetch';
import type { components, paths } from './openapi.js';

export type { components, operations, paths } from './openapi.js';

/** The contract's schemas by name: `Schemas['Task']`. */
export type Schemas = components['schemas'];

/** All problems of the contract; `code` says which one it is. A newer service can answer with other codes. */
export type Problem = Extract<Schemas[Exclude<keyof Schemas, 'Problem'>], Schemas['Problem']>;
export type ProblemCode = Problem['code'];

/**
 * The user's token, or a function that returns it and is called before every request; null or undefined sends no token.
 * After a 401 the function is called once more with `refresh: true`, and should then return a new token.
 */
export type TokenSource =
  | string
  | ((request: {
      readonly refresh: boolean;
    }) => string | null | undefined | Promise<string | null | undefined>);

type Fetch = (request: Request) => Promise<Response>;

export interface TasklaneClientOptions {
  /** The address of the service, such as `https://tasks.example.com`. */
  readonly baseUrl: string;
  readonly token?: TokenSource | undefined;
  /** Sends a request; by default `globalThis.fetch`. */
  readonly fetch?: Fetch | undefined;
}

/** `unwrap` throws this if the service answered with a problem (RFC 9457). */
export class TasklaneProblem<Code extends ProblemCode = ProblemCode> extends Error {
  override readonly name = 'TasklaneProblem';
  readonly code: Code;
  /** The status of the response. */
  readonly status: number;
  /** The id under which the service logged the request. */
  readonly requestId: string;
  readonly problem: Extract<Problem, { code: Code }>;
  /** The response, for its headers; its body is already read. */
  readonly response: Response;

  constructor(problem: Extract<Problem, { code: Code }>, response: Response) {
    super(`${problem.code}: ${problem.detail}`);
    this.code = problem.code as Code;
    this.status = response.status;
    this.requestId = problem.request_id;
    this.problem = problem;
    this.response = response;
  }
}

/**
 * Every call rejects with this error if there was no response, or if the response is not from Tasklane, for example the error
 * page of a proxy. It is then unknown whether the request took effect.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** The response from another server; undefined if there was none. */
  readonly response: Response | undefined;
  /** The text of that response. */
  readonly body: string | undefined;

  constructor(message: string, options: { cause?: unknown; response?: Response; body?: string }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.response = options.response;
    this.body = options.body;
  }
}

/** Whether a caught error is a problem; if codes are given, one with such a code. */
export function isProblem<Code extends ProblemCode = ProblemCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is TasklaneProblem<Code> {
  // The name is compared because a program can contain this package twice, as ES module and as CommonJS.
  const { name, code } = (error ?? {}) as Partial<TasklaneProblem>;
  return name === 'TasklaneProblem' && (codes.length === 0 || codes.some((each) => each === code));
}

interface Result {
  data?: unknown;
  error?: unknown;
  response: Response;
}

type DataOf<R extends Result> = R extends { data: infer Data } ? Data : never;

/**
 * Returns the data of a call's result. Do not use it for requests with `If-None-Match`: check `response.status` instead.
 * @throws {TasklaneProblem} if the result is a problem; Error if the status is 304, which has no data
 */
export async function unwrap<R extends Result>(call: PromiseLike<R>): Promise<DataOf<R>> {
  const { data, error, response } = await call;
  if (error) throw new TasklaneProblem(error as Problem, response);
  if (response.status === 304) throw new Error(`${response.url}: 304 Not Modified has no data`);
  return data as DataOf<R>;
}

/**
 * The `ETag` of a task, a project or another entity with a version, for `If-Match` and `If-None-Match`. The entity can come
 * from any response.
 */
export function etagOf(entity: { readonly version: number; readonly updated_at: string | null }): string {
  return `"${entity.version}-${entity.updated_at === null ? 0 : Date.parse(entity.updated_at)}"`;
}

interface AnyPage {
  items: unknown[];
  next_cursor: string | null;
}

type JsonOf<Operation> = Operation extends {
  responses: { 200: { content: { 'application/json': infer Body } } };
}
  ? Body
  : never;
type GetOf<Path extends keyof paths> = paths[Path] extends { get: infer Operation } ? Operation : never;

/** The paths whose GET answers with a page: `{items, next_cursor}`. */
export type ListPath = {
  [Path in keyof paths]: [JsonOf<GetOf<Path>>] extends [never]
    ? never
    : JsonOf<GetOf<Path>> extends AnyPage
      ? Path
      : never;
}[keyof paths];

/** A page of the list at a path. */
export type Page<Path extends ListPath> = Extract<JsonOf<GetOf<Path>>, AnyPage>;

/** A page of a synchronization. */
export type SyncPage = Schemas['SyncPage'];

export interface SyncOptions {
  /** `next_token` of the last page that the copy has applied; without it, the first page begins a snapshot of the lane. */
  readonly token?: string | undefined;
  /** The largest number of entities in a page. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The connection is open. What the client reads from now on is at least as new as the event with this id. */
export interface OpenEvent {
  readonly id: string;
  readonly event: 'open';
}

/** An event that `events` yields: `open`, or an event of the lane. */
export type StreamEvent = OpenEvent | Exclude<Schemas['LaneEvent'], { event: 'reconnect' }>;

export interface EventsOptions {
  /** The id of the last event that the client has; without it, the stream begins at the present. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without data after which the connection counts as lost. The service sends a comment every 15 seconds. */
  readonly silenceMs?: number | undefined;
}

export interface TasklaneClient extends Client<paths> {
  /**
   * Iterates over the pages of a list, from the first or from `params.query.cursor` to the last. A page is requested when the
   * iteration reaches it. @throws {TasklaneProblem} if the answer is a problem.
   */
  pages<Path extends ListPath>(
    path: Path,
    options: FetchOptions<GetOf<Path>>,
  ): AsyncGenerator<Page<Path>, void, undefined>;
  /** Iterates over the items of all pages; otherwise like `pages`. */
  all<Path extends ListPath>(
    path: Path,
    options: FetchOptions<GetOf<Path>>,
  ): AsyncGenerator<Page<Path>['items'][number], void, undefined>;
  /**
   * Iterates over the pages that bring a copy of the user's lane up to date. Apply each page, and store its `next_token`
   * together with its changes. @throws {TasklaneProblem} `sync-token-expired` if the copy must start again without a token.
   */
  sync(userId: string, options?: SyncOptions): AsyncGenerator<SyncPage, void, undefined>;
  /**
   * Iterates over the events of the user's lane, each once and in order. If a connection is lost, temporarily refused or
   * closed by the service, the client connects again and continues after the last event. Each connection yields `open`.
   * The iteration ends after `erased`. @throws {TasklaneProblem} if the service refuses the stream permanently.
   */
  events(userId: string, options?: EventsOptions): AsyncGenerator<StreamEvent, void, undefined>;
}

// The name is compared because fetch can throw the TypeError of another realm, in a test runner or an iframe. Other errors,
// such as an abort, are not wrapped.
const isNetworkError = (error: unknown): boolean => (error as Error | null)?.name === 'TypeError';

/** Awaits a network operation of a request. @throws {TransportError} if the network fails. */
async function overNetwork<T>(request: Request, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isNetworkError(error)) throw error;
    throw new TransportError(`${request.method} ${request.url}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Sends requests with the token, and once more with a new token after a 401; such a request changed nothing. */
function authorized(token: TokenSource | undefined, send: Fetch): Fetch {
  const authorize = (request: Request, value: string | null | undefined): Request => {
    if (value) request.headers.set('Authorization', `Bearer ${value}`);
    return request;
  };
  return async (request) => {
    if (request.headers.has('Authorization')) return send(request);
    if (typeof token !== 'function') return send(authorize(request, token));
    const first = await token({ refresh: false });
    // A request's body can be sent only once.
    const again = request.clone();
    const response = await send(authorize(request, first));
    if (response.status !== 401) return response;
    // Tokens are never shared between requests: on a server, each request can belong to another user.
    const fresh = await token({ refresh: true });
    if (!fresh || fresh === first) return response;
    await response.body?.cancel();
    return send(authorize(again, fresh));
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblemBody(value: unknown): boolean {
  const { code, status } = (value ?? {}) as Partial<Problem>;
  return typeof code === 'string' && typeof status === 'number';
}

/** Rejects responses that Tasklane cannot have sent: errors that are not problems, and data that is not JSON. */
const rejectForeignResponses: Middleware = {
  async onResponse({ request, response, options }) {
    // A 304 has no body (RFC 9110, section 15.4.5).
    if (response.status === 304) return;
    if (response.ok && (response.status === 204 || options.parseAs !== 'json')) return;
    const body = await overNetwork(request, response.clone().text());
    const json = parseJson(body);
    if (response.ok ? json !== undefined : isProblemBody(json)) return;
    const type = response.headers.get('Content-Type') ?? 'no content type';
    throw new TransportError(
      `${request.method} ${request.url}: the response (${response.status}, ${type}) is not from Tasklane`,
      { response, body },
    );
  },
};

/**
 * Fills in the parameters of a path, each percent-encoded once.
 * @throws {TypeError} for values that would lead to another path (RFC 3986, section 5.2.4).
 */
function serializePath(path: string, params: Record<string, unknown>): string {
  return path.replace(/\{([^{}]+)\}/g, (_match, name: string) => {
    const value = String(params[name] ?? '');
    if (['', '.', '..'].includes(value)) {
      throw new TypeError(`The path parameter ${name} must not be "${value}".`);
    }
    return encodeURIComponent(value);
  });
}

interface TextEvent {
  readonly fields: { readonly [name in 'id' | 'event' | 'data' | 'retry']?: string };
}

/** Parses an event stream (WHATWG HTML, section 9.2.6). A comment is an event without fields. */
async function* parseEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<TextEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + decoder.decode(value, { stream: true })).split('\n\n');
    text = blocks.pop() as string;
    for (const block of blocks) {
      const lines = block.split('\n').flatMap((line) => [...line.matchAll(/^(\w+): ?(.*)$/g)]);
      yield { fields: Object.fromEntries(lines.map(([, name, value]) => [name, value])) };
    }
  }
}

const longestPauseMs = 30_000;

/** Milliseconds until the next attempt, by the number of failures; random, so that clients do not all return at once. */
function pauseAfter(retryMs: number, failures: number): number {
  return Math.min(longestPauseMs, retryMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Waits. @throws the signal's reason if it is aborted */
async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });
  signal?.throwIfAborted();
}

/** Whether the same request may succeed later: there was no response, or a status that says so. */
function isTemporary(error: unknown): boolean {
  if (isProblem(error)) return error.status === 429 || error.status >= 500;
  return isNetworkError(error) || (error as Error | null)?.name === 'TransportError';
}

/** Opens an event stream that begins after the event with this id. The signal closes it. */
type OpenStream = (
  lastEventId: string | undefined,
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array>>;

async function* followEvents(
  open: OpenStream,
  { lastEventId, signal, silenceMs = 60_000 }: EventsOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  let id = lastEventId;
  let retryMs = 2_000;
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    const connection = new AbortController();
    const close = () => connection.abort(signal?.reason);
    signal?.addEventListener('abort', close);
    let timer = setTimeout(close, silenceMs);
    try {
      let opened = false;
      for await (const { fields } of parseEvents(await open(id, connection.signal))) {
        // No timeout while the reader of the events works.
        clearTimeout(timer);
        failures = 0;
        id = fields.id ?? id;
        if (fields.retry) retryMs = Number(fields.retry);
        if (!opened && id !== undefined) yield { event: 'open', id };
        opened = true;
        if (fields.data !== undefined && fields.event !== 'reconnect') {
          const { event, data } = fields;
          yield { ...(fields.id && { id: fields.id }), event, data: JSON.parse(data) } as StreamEvent;
          if (event === 'erased') return;
        }
        timer = setTimeout(close, silenceMs);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!connection.signal.aborted && !isTemporary(error)) throw error;
      failures++;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', close);
      connection.abort();
    }
    await pause(pauseAfter(retryMs, failures), signal);
  }
}

/**
 * Creates a client for the service at `baseUrl`.
 *
 * Its methods resolve to `{data, response}`, or to `{error, response}` with one of the operation's problems; `error.code`
 * says which. `unwrap` returns the data, or throws the problem as `TasklaneProblem`. A method rejects with `TransportError`
 * if there was no response from Tasklane, with the signal's reason after an abort, and with errors of the token function.
 */
export function createTasklaneClient(options: TasklaneClientOptions): TasklaneClient {
  // The global fetch is looked up for each request, in case it is replaced later.
  const { baseUrl, token, fetch = (request: Request) => globalThis.fetch(request) } = options;
  const api = createClient<paths>({
    baseUrl,
    fetch: authorized(token, (request) => overNetwork(request, fetch(request))),
    // The contract's arrays are comma-separated.
    querySerializer: { array: { style: 'form', explode: false } },
    pathSerializer: serializePath,
  });
  api.use(rejectForeignResponses);

  const get = api.GET as unknown as (path: string, init: object) => Promise<Result & { data: AnyPage }>;
  async function* pages(path: string, init: { params?: { query?: { cursor?: string } } }) {
    let query = init.params?.query;
    for (;;) {
      const page = await unwrap(get(path, { ...init, params: { ...init.params, query } }));
      yield page;
      if (page.next_cursor === null) return;
      query = { ...query, cursor: page.next_cursor };
    }
  }
  async function* all(...list: Parameters<typeof pages>) {
    for await (const page of pages(...list)) yield* page.items;
  }
  async function* sync(user_id: string, { token, limit, signal }: SyncOptions = {}) {
    const query = { ...(token !== undefined && { token }), ...(limit !== undefined && { limit }) };
    for (;;) {
      const page = await unwrap(
        api.GET('/api/{user_id}/sync', {
          params: { path: { user_id }, query },
          ...(signal && { signal }),
        }),
      );
      yield page;
      if (!page.has_more) return;
      query.token = page.next_token;
    }
  }
  async function* events(user_id: string, options: EventsOptions = {}) {
    const open: OpenStream = async (lastEventId, signal) => {
      const header = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
      const call = api.GET('/api/{user_id}/events', {
        params: { path: { user_id }, header },
        parseAs: 'stream',
        signal,
      });
      return (await unwrap(call)) as ReadableStream<Uint8Array>;
    };
    yield* followEvents(open, options);
  }
  return Object.assign(api, { pages, all, sync, events }) as TasklaneClient;
}
