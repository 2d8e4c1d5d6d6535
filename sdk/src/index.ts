/** A typed client for the Tasklane API, for browsers and Node: openapi-fetch on the contract's types. */
import createClient, { type Client, type FetchOptions, type Middleware } from 'openapi-fetch';
import type { components, paths } from './openapi.js';

export type { components, operations, paths } from './openapi.js';

/** The contract's schemas by name: `Schemas['Task']`. */
export type Schemas = components['schemas'];

/** Every problem of the contract, told apart by `code`. A newer service may answer with codes that are not here. */
export type Problem = Extract<Schemas[Exclude<keyof Schemas, 'Problem'>], Schemas['Problem']>;
export type ProblemCode = Problem['code'];

/**
 * The user's token, or a function that is asked for it before every request; null or undefined sends none.
 * After a 401 the function is asked once more, with `refresh: true`: it should then come with a new one.
 */
export type TokenSource =
  | string
  | ((request: {
      readonly refresh: boolean;
    }) => string | null | undefined | Promise<string | null | undefined>);

type Fetch = (request: Request) => Promise<Response>;

export interface TasklaneClientOptions {
  /** Where the service is, such as `https://tasks.example.com`. */
  readonly baseUrl: string;
  readonly token?: TokenSource | undefined;
  /** Sends a request; `globalThis.fetch` unless given. */
  readonly fetch?: Fetch | undefined;
}

/** What `unwrap` throws where the service answered with a problem (RFC 9457). */
export class TasklaneProblem<Code extends ProblemCode = ProblemCode> extends Error {
  override readonly name = 'TasklaneProblem';
  readonly code: Code;
  /** The status of the response. */
  readonly status: number;
  /** The id under which the service logged the request. */
  readonly requestId: string;
  readonly problem: Extract<Problem, { code: Code }>;
  /** The response, for its headers; its body has been read. */
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
 * What every call rejects with where no answer came, or one that Tasklane did not write, such as a proxy's page.
 * Whether the request took effect is then not known.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** The answer that is not Tasklane's; undefined where none came. */
  readonly response: Response | undefined;
  /** The text of that answer. */
  readonly body: string | undefined;

  constructor(message: string, options: { cause?: unknown; response?: Response; body?: string }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.response = options.response;
    this.body = options.body;
  }
}

/** Whether something caught is a problem, with one of the codes if any are given. */
export function isProblem<Code extends ProblemCode = ProblemCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is TasklaneProblem<Code> {
  // By name: a program may hold this package twice, as ES module and as CommonJS.
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
 * The data of a call's result. @throws {TasklaneProblem} where the result is a problem, an Error where it is 304 and so
 * has no data: ask for `response.status` instead of unwrapping what you send `If-None-Match` with.
 */
export async function unwrap<R extends Result>(call: PromiseLike<R>): Promise<DataOf<R>> {
  const { data, error, response } = await call;
  if (error) throw new TasklaneProblem(error as Problem, response);
  if (response.status === 304) throw new Error(`${response.url}: not modified, and so without data`);
  return data as DataOf<R>;
}

/**
 * The `ETag` of a task, project or anything else with a version, wherever it was shown: for `If-Match`, and for
 * `If-None-Match`.
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

/** A page of what a copy of a lane needs. */
export type SyncPage = Schemas['SyncPage'];

export interface SyncOptions {
  /** Where the copy stands: `next_token` of the last page that it has applied; without it, all of the lane comes. */
  readonly token?: string | undefined;
  /** How many entities a page holds at most. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The stream is open: what is read from now on is no older than what it begins after. */
export interface OpenEvent {
  readonly id: string;
  readonly event: 'open';
}

/** An event of a lane, or of the stream that it comes on. */
export type StreamEvent = OpenEvent | Exclude<Schemas['LaneEvent'], { event: 'reconnect' }>;

export interface EventsOptions {
  /** The id of the last event that is known; without it, the stream begins at the present. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds of silence after which the connection counts as lost; the service comments every 15 seconds. */
  readonly silenceMs?: number | undefined;
}

export interface TasklaneClient extends Client<paths> {
  /**
   * The pages of a list, from the first or from `params.query.cursor` to the last; each is requested when it is
   * asked for. @throws {TasklaneProblem} where a page is a problem.
   */
  pages<Path extends ListPath>(
    path: Path,
    options: FetchOptions<GetOf<Path>>,
  ): AsyncGenerator<Page<Path>, void, undefined>;
  /** The items of all pages, one by one; as `pages` otherwise. */
  all<Path extends ListPath>(
    path: Path,
    options: FetchOptions<GetOf<Path>>,
  ): AsyncGenerator<Page<Path>['items'][number], void, undefined>;
  /**
   * The pages that a copy of the user's lane needs, up to the present. Apply each, and keep its `next_token` with what it
   * changed. @throws {TasklaneProblem} `sync-token-expired` where the copy must start over, without a token.
   */
  sync(userId: string, options?: SyncOptions): AsyncGenerator<SyncPage, void, undefined>;
  /**
   * The events of the user's lane as they happen, each once and in order. A connection that is lost, refused for now or
   * ended by the service is made again, and goes on after the last event; `open` tells of each. Ends after `erased`.
   * @throws {TasklaneProblem} where the service refuses the stream for good.
   */
  events(userId: string, options?: EventsOptions): AsyncGenerator<StreamEvent, void, undefined>;
}

// By name: in a test runner or an iframe, fetch may throw another realm's TypeError. What else it throws (an abort, a
// framework's own signal) is not for us to wrap.
const isNetworkError = (error: unknown): boolean => (error as Error | null)?.name === 'TypeError';

/** Awaits what the network does for a request. @throws {TransportError} where it fails. */
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

/** Sends requests with the token, and once more with a fresh one after a 401: a request that got that changed nothing. */
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
    // Never shared between requests: on a server, each may be another user's.
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

/** Lets pass what Tasklane may have answered: a problem, or the JSON that the caller wants parsed. */
const refuseForeignAnswers: Middleware = {
  async onResponse({ request, response, options }) {
    // The answer to If-None-Match has no body (RFC 9110, section 15.4.5).
    if (response.status === 304) return;
    if (response.ok && (response.status === 204 || options.parseAs !== 'json')) return;
    const body = await overNetwork(request, response.clone().text());
    const json = parseJson(body);
    if (response.ok ? json !== undefined : isProblemBody(json)) return;
    const type = response.headers.get('Content-Type') ?? 'no content type';
    throw new TransportError(
      `${request.method} ${request.url}: the answer, ${response.status} with ${type}, is not Tasklane's`,
      { response, body },
    );
  },
};

/**
 * Fills in a path's parameters, each percent-encoded once.
 * @throws {TypeError} on values that would change which address it is (RFC 3986, section 5.2.4).
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

/** The events of a stream as text (WHATWG HTML, section 9.2.6), comments included, which have no fields. */
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

/** Milliseconds until the next attempt, after so many that failed: clients that lost a service don't return at once. */
function pauseAfter(retryMs: number, failures: number): number {
  return Math.min(longestPauseMs, retryMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Waits; @throws the signal's reason once it is aborted. */
async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });
  signal?.throwIfAborted();
}

/** Whether the same may work later: no answer came, or one that says so. */
function isTemporary(error: unknown): boolean {
  if (isProblem(error)) return error.status === 429 || error.status >= 500;
  return isNetworkError(error) || (error as Error | null)?.name === 'TransportError';
}

/** What an event stream is opened with: the id of the last event, and the signal that closes it. */
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
        // Whoever reads may take its time.
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
 * Makes a client of the service at `baseUrl`.
 *
 * Its methods resolve to `{data, response}`, or to `{error, response}` with one of the operation's problems, told
 * apart by `error.code`; `unwrap` turns the one into a value and the other into a thrown `TasklaneProblem`. Anything
 * else rejects: with `TransportError` where Tasklane's answer did not come, with the signal's reason after an abort,
 * and with what the token function throws.
 */
export function createTasklaneClient(options: TasklaneClientOptions): TasklaneClient {
  // Looked up for each request, so that what replaces the global fetch later is used.
  const { baseUrl, token, fetch = (request: Request) => globalThis.fetch(request) } = options;
  const api = createClient<paths>({
    baseUrl,
    fetch: authorized(token, (request) => overNetwork(request, fetch(request))),
    // The contract's arrays are comma-separated.
    querySerializer: { array: { style: 'form', explode: false } },
    pathSerializer: serializePath,
  });
  api.use(refuseForeignAnswers);

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
