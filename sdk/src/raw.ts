/** Sends the operations of the contract: addresses, bodies, tokens, and an error for responses that are not from Tasklane. */
import { NoTokenError, TransportError } from './errors.js';
import type { paths } from './openapi.js';
import type { Problem } from './schemas.js';

export interface TokenRequest {
  /** True if the service refused the last token. */
  readonly refresh: boolean;
  /** The token that the service refused, if there was one. */
  readonly refused?: string | undefined;
}

/**
 * The user's token, or a function that returns it and is called before every request; null or undefined sends no token.
 * After a 401 the function is called once more with `refresh: true`, and should then return a new token.
 */
export type TokenSource =
  | string
  | ((request: TokenRequest) => string | null | undefined | Promise<string | null | undefined>);

type Fetch = (request: Request) => Promise<Response>;

export interface RawOptions {
  /** The address of the service, such as `https://tasks.example.com`. */
  readonly baseUrl: string;
  readonly token?: TokenSource | undefined;
  /** Sends a request; by default `globalThis.fetch`. */
  readonly fetch?: Fetch | undefined;
}

type Verb = 'get' | 'put' | 'post' | 'delete' | 'patch';
type OperationAt<Path extends keyof paths, Method extends Verb> = Extract<
  paths[Path][Method],
  Record<string | number, unknown>
>;
type PathWith<Method extends Verb> = {
  [Path in keyof paths]: [OperationAt<Path, Method>] extends [never] ? never : Path;
}[keyof paths];
type RequiredParts<T> = {
  [Name in keyof T]-?: Record<never, never> extends Pick<T, Name> ? never : Name;
}[keyof T];
type Parameters<Operation> = Operation extends { parameters: infer Given } ? Given : never;
type Body<Operation> = Operation extends { requestBody?: { content: infer Content } }
  ? Content[keyof Content]
  : never;
type ParamsOf<Operation> = [RequiredParts<Parameters<Operation>>] extends [never]
  ? { params?: Parameters<Operation> }
  : { params: Parameters<Operation> };
type BodyOf<Operation> = Operation extends { requestBody: { content: unknown } }
  ? { body: Body<Operation> }
  : [Body<Operation>] extends [never]
    ? { body?: never }
    : { body?: Body<Operation> };
type Init<Operation, As> = ParamsOf<Operation> &
  BodyOf<Operation> & {
    headers?: Readonly<Record<string, string>>;
    /** What `data` is: the JSON of the contract (default), the text, or the stream of the body. */
    parseAs?: As;
  } & Omit<RequestInit, 'method' | 'headers' | 'body'>;
// A path that does not exist is inferred as all paths. Without `init`, the error should be about the path.
type InitArgument<T, Paths> = 'all' extends Paths
  ? [init?: T]
  : Record<never, never> extends T
    ? [init?: T]
    : [init: T];

type ContentOf<Response> = Response extends { content: infer Content } ? Content[keyof Content] : undefined;
type ProblemOf<Response> = Response extends { content: infer Content } ? Content[keyof Content] : never;
type Success = 200 | 201 | 202 | 204;
type DataOf<Operation> = Operation extends { responses: infer Responses }
  ? { [Status in keyof Responses & Success]: ContentOf<Responses[Status]> }[keyof Responses & Success]
  : never;
type ErrorOf<Operation> = Operation extends { responses: infer Responses }
  ? {
      [Status in Exclude<keyof Responses, Success | 304>]: ProblemOf<Responses[Status]>;
    }[Exclude<keyof Responses, Success | 304>]
  : never;
type ParseAs = 'json' | 'text' | 'stream';
interface Parsed {
  text: string;
  stream: ReadableStream<Uint8Array>;
}
type RawResult<Operation, As> =
  | { data: As extends keyof Parsed ? Parsed[As] : DataOf<Operation>; error?: never; response: Response }
  | { data?: never; error: ErrorOf<Operation>; response: Response };

/** Sends one operation. The types of the request are exact: a field that the contract does not have does not compile. */
type RawMethod<Method extends Verb> = <Path extends PathWith<Method>, As extends ParseAs = 'json'>(
  path: Path,
  ...init: InitArgument<Init<OperationAt<Path, Method>, As>, PathWith<Method> extends Path ? 'all' : 'one'>
) => Promise<RawResult<OperationAt<Path, Method>, As>>;

/**
 * One function for each HTTP method. They resolve to `{data, response}`, or to `{error, response}` with one of the
 * operation's problems; `error.code` says which. They reject with `TransportError` if there was no response from Tasklane,
 * with `NoTokenError`, and with the signal's reason after an abort.
 */
export interface RawClient {
  readonly GET: RawMethod<'get'>;
  readonly PUT: RawMethod<'put'>;
  readonly POST: RawMethod<'post'>;
  readonly DELETE: RawMethod<'delete'>;
  readonly PATCH: RawMethod<'patch'>;
}

/**
 * Awaits a network operation of a request. Programs of other vendors throw errors of many types here, so only an abort is
 * not a `TransportError`. @throws {TransportError}
 */
async function overNetwork<T>(request: Request, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    throw new TransportError(`${request.method} ${request.url}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

type TokenFunction = Exclude<TokenSource, string>;

/** Asks for a token. @throws {NoTokenError} if the function fails */
async function ask(token: TokenFunction, request: TokenRequest): Promise<string | null | undefined> {
  try {
    return await token(request);
  } catch (cause) {
    throw new NoTokenError({ cause });
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
    const first = await ask(token, { refresh: false });
    // A request's body can be sent only once.
    const again = request.clone();
    const response = await send(authorize(request, first));
    if (response.status !== 401) return response;
    // Tokens are never shared between requests: on a server, each request can belong to another user.
    const fresh = await ask(token, { refresh: true, ...(first && { refused: first }) });
    if (!fresh && !first) throw new NoTokenError();
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

interface AnyInit extends Omit<RequestInit, 'body'> {
  readonly params?: {
    readonly path?: Record<string, unknown>;
    readonly query?: Record<string, unknown> | undefined;
    readonly header?: Record<string, string>;
  };
  readonly body?: unknown;
  readonly parseAs?: ParseAs;
}

/** Sends any operation: `send('GET', '/api/{user_id}/tasks', init)`. */
export type Send = (
  method: string,
  path: string,
  init?: AnyInit,
) => Promise<{ data?: unknown; error?: unknown; response: Response }>;

/** The query of an address. The contract's arrays are comma-separated. */
function serializeQuery(query: Record<string, unknown> = {}): string {
  const parts = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined || value === null) return [];
    const values = Array.isArray(value) ? value : [value];
    return `${name}=${values.map((each) => encodeURIComponent(String(each))).join(',')}`;
  });
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

/** Creates the client, and the same without types, for calls that the generated table describes. */
export function createRaw({ baseUrl, token, fetch }: RawOptions): { raw: RawClient; send: Send } {
  const base = baseUrl.replace(/\/$/, '');
  // The global fetch is looked up for each request, in case it is replaced later.
  const dispatch = fetch ?? ((request: Request) => globalThis.fetch(request));
  const transmit = authorized(token, (request) => overNetwork(request, dispatch(request)));

  const send: Send = async (method, path, { params = {}, body, parseAs = 'json', ...rest } = {}) => {
    const headers = new Headers({ ...params.header, ...(rest.headers as Record<string, string>) });
    const isFile = typeof body === 'string' || body instanceof Blob;
    if (body !== undefined && !headers.has('Content-Type')) headers.set('Content-Type', 'application/json');
    const url = base + serializePath(path, params.path ?? {}) + serializeQuery(params.query);
    const request = new Request(url, {
      ...rest,
      method,
      headers,
      ...(body !== undefined && { body: isFile ? body : JSON.stringify(body) }),
    });
    const response = await transmit(request);
    // 204 and 304 have no body (RFC 9110, sections 15.3.5 and 15.4.5).
    if (response.status === 204 || response.status === 304) return { data: undefined, response };
    if (response.ok && parseAs === 'stream') return { data: response.body, response };
    const text = await overNetwork(request, response.text());
    if (response.ok && parseAs === 'text') return { data: text, response };
    const json = parseJson(text);
    if (response.ok && json !== undefined) return { data: json, response };
    if (!response.ok && isProblemBody(json)) return { error: json, response };
    const type = response.headers.get('Content-Type') ?? 'no content type';
    throw new TransportError(
      `${method} ${url}: the response (${response.status}, ${type}) is not from Tasklane`,
      { response, body: text },
    );
  };
  const verbs = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'];
  const raw = Object.fromEntries(
    verbs.map((verb) => [verb, (path: string, init?: AnyInit) => send(verb, path, init)]),
  ) as unknown as RawClient;
  return { raw, send };
}
