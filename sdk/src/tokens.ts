/** Token sources for browsers, where all requests belong to one user, and who the user is where no token says it. */
import { NoTokenError } from './errors.js';
import type { TokenRequest } from './raw.js';

type Token = string | null | undefined;

// The service may need the token for as long as a request takes.
const renewBeforeMs = 30_000;

/** The payload of a JWT, which the service checks; undefined if the token is not a JWT. */
export function claimsOf(token: string): { readonly sub?: string; readonly exp?: number } | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (each) => each.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** A token source that keeps its token. `forget` drops the token, for example when the user signs out. */
export interface KeptToken {
  (request: TokenRequest): Promise<string | null>;
  forget(): void;
}

/**
 * A token source that calls `request` for a token: once at a time, however many calls wait for it. It keeps a JWT until 30
 * seconds before it expires (RFC 7519, section 4.1.4) or until the service refuses it. A failure is never kept.
 *
 * Use it in browsers only. On a server, each request can belong to another user.
 */
export function keepToken(request: () => Token | Promise<Token>): KeptToken {
  let current: { readonly token: string; readonly until: number } | undefined;
  let waiting: Promise<string | null> | undefined;
  let generation = 0;

  const renew = async (): Promise<string | null> => {
    const asked = generation;
    const token = (await request()) ?? null;
    const until = (claimsOf(token ?? '')?.exp ?? 0) * 1000 - renewBeforeMs;
    // A token that was requested before `forget` can belong to the previous user.
    if (token !== null && asked === generation) current = { token, until };
    return token;
  };
  const forget = () => {
    generation++;
    current = undefined;
    waiting = undefined;
  };
  const source = async ({ refused }: TokenRequest): Promise<string | null> => {
    if (refused !== undefined && current?.token === refused) current = undefined;
    if (current && Date.now() < current.until) return current.token;
    if (!waiting) {
      const mine = renew().finally(() => {
        if (waiting === mine) waiting = undefined;
      });
      waiting = mine;
    }
    return waiting;
  };
  return Object.assign(source, { forget });
}

/** The parts of Better Auth's client, with the plugin `jwtClient`, that `betterAuthTokens` uses. */
export interface BetterAuthTokenClient {
  token(): Promise<{
    data?: { token?: Token } | null | undefined;
    error?: { status?: number | undefined } | null | undefined;
  }>;
  readonly $store?: { listen(atom: string, listener: (value: unknown) => void): unknown } | undefined;
}

/** The value of Better Auth's atom `session`. */
interface SessionValue {
  readonly data: { readonly user?: { readonly id?: string } } | null;
  readonly isPending: boolean;
}

/**
 * A token source that asks Better Auth, like `keepToken`. It drops the token when the session changes, so that the next user
 * of the device gets a token of their own. It yields null if nobody is signed in, and fails with `NoTokenError` if Better
 * Auth cannot answer.
 */
export function betterAuthTokens(client: BetterAuthTokenClient): KeptToken {
  const source = keepToken(async () => {
    const { data, error } = await client.token();
    if (error && error.status !== 401 && error.status !== 403) throw new NoTokenError({ cause: error });
    return data?.token;
  });
  client.$store?.listen('$sessionSignal', source.forget);
  // The signal is only that of this tab. Better Auth reads the session again if it ends in another tab.
  let user: string | undefined;
  client.$store?.listen('session', (value) => {
    const { data, isPending } = value as SessionValue;
    if (isPending) return;
    if (user !== undefined && data?.user?.id !== user) source.forget();
    user = data?.user?.id;
  });
  return source;
}

/** Says who is signed in, for requests that cookies or a proxy authenticate. */
export interface CookieAuth {
  /** The id of the user; null if nobody is signed in. It fails while nobody can say. */
  userId(): Promise<string | null | undefined>;
  /** Calls the listener when somebody signs in or out in this page. */
  listen?(listener: () => void): unknown;
}

/** The parts of Better Auth's client that `betterAuthCookies` uses. */
export interface BetterAuthSessionClient {
  getSession(): Promise<{
    data?: { readonly user?: { readonly id: string } } | null | undefined;
    error?: unknown;
  }>;
  readonly $store?: { listen(atom: string, listener: (value: unknown) => void): unknown } | undefined;
}

/** Calls the listener when somebody signs in or out in this page. Better Auth also calls it at once, which is no change. */
export function followSignIns({ $store }: Pick<BetterAuthTokenClient, '$store'>, listener: () => void): void {
  let isChange = false;
  $store?.listen('$sessionSignal', () => {
    if (isChange) listener();
  });
  isChange = true;
}

/** For a service at the app's own origin, which accepts the cookies of Better Auth. */
export function betterAuthCookies(client: BetterAuthSessionClient): CookieAuth {
  return {
    async userId() {
      const { data, error } = await client.getSession();
      if (error) throw error;
      return data?.user?.id;
    },
    listen: (listener) => followSignIns(client, listener),
  };
}
