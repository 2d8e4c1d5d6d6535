/** openapi-fetch with the types of the contract, tokens, and an error for responses that are not from Tasklane. */
import createClient, {
  type FetchOptions,
  type FetchResponse,
  type Middleware,
  type ParseAs,
} from 'openapi-fetch';
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
type Init<Operation, As> = Omit<FetchOptions<Operation>, 'parseAs'> & { parseAs?: As };
type InitArgument<T> = Record<never, never> extends T ? [init?: T] : [init: T];

/** Sends one operation. The types of the request are exact: a field that the contract does not have does not compile. */
type RawMethod<Method extends Verb> = <Path extends PathWith<Method>, As extends ParseAs = 'json'>(
  path: Path,
  ...init: InitArgument<Init<OperationAt<Path, Method>, As>>
) => Promise<
  FetchResponse<
    OperationAt<Path, Method>,
    'json' extends As ? Record<never, never> : { parseAs: As },
    `${string}/${string}`
  >
>;

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

/** Sends any operation: `send('GET', '/api/{user_id}/tasks', init)`. */
export type Send = (
  method: string,
  path: string,
  init: object,
) => Promise<{ data?: unknown; error?: unknown; response: Response }>;

/** Creates the client, and the same without types, for calls that the generated table describes. */
export function createRaw({ baseUrl, token, fetch }: RawOptions): { raw: RawClient; send: Send } {
  // The global fetch is looked up for each request, in case it is replaced later.
  const dispatch = fetch ?? ((request: Request) => globalThis.fetch(request));
  const client = createClient<paths>({
    baseUrl,
    fetch: authorized(token, (request) => overNetwork(request, dispatch(request))),
    // The contract's arrays are comma-separated.
    querySerializer: { array: { style: 'form', explode: false } },
    pathSerializer: serializePath,
  });
  client.use(rejectForeignResponses);
  return { raw: client as unknown as RawClient, send: client.request as unknown as Send };
}
