import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface BetterAuthOptions {
  readonly secret: string;
  /** The type of the `id` columns. */
  readonly ids: 'text' | 'uuid' | 'serial';
  readonly keyAlgorithm: 'EdDSA' | 'ES256' | 'ES512' | 'RS256' | 'PS256';
  /** The key that signs the tokens of `/api/auth/token`. */
  readonly tokensSignedWith: 'key-set' | 'secret';
  /** The key that signs the session-cookie cache, a JWT. */
  readonly cookieCache: 'off' | 'secret' | 'key-set';
  /** Adds the admin plugin, whose columns are migrated into existing tables. */
  readonly admin: boolean;
  /** Starts the set-up of docs/agents.md instead, for a Tasklane at this address. */
  readonly agents: { readonly tasklaneUrl: string; readonly metadataServerUrl: string } | null;
}

/** A user who signed up, with the cookies of a browser. */
export interface SignedUp {
  readonly userId: string;
  readonly email: string;
  /** The opaque token of the session, from the response to the sign-up. */
  readonly sessionToken: string;
  /** The session token with its signature, from the bearer plugin. */
  readonly signedSessionToken: string;
  readonly cookies: ReadonlyMap<string, string>;
}

export interface BetterAuthServer {
  /** Its origin, for BETTER_AUTH_URL. */
  readonly url: string;
  readonly secret: string;
  signUp(details?: { readonly image?: string }): Promise<SignedUp>;
  /** A token of the jwt plugin. */
  takeToken(user: SignedUp): Promise<string>;
  /** The token of the e-mail for verifying an address. */
  takeVerificationToken(user: SignedUp): Promise<string>;
  signOut(user: SignedUp): Promise<void>;
  /** Deletes what the user allowed to clients. @returns the number of these consents */
  deleteConsents(user: SignedUp): Promise<number>;
  deleteUser(user: SignedUp): Promise<void>;
  stop(): Promise<void>;
}

const PASSWORD = 'correct horse battery staple';
const DEADLINE_MS = 30_000;

/** Starts a real Better Auth server on a free port, with its tables in the database's `public` schema. */
export async function startBetterAuth({
  databaseUrl,
  options = {},
}: {
  readonly databaseUrl: string;
  readonly options?: Partial<BetterAuthOptions>;
}): Promise<BetterAuthServer> {
  const complete: BetterAuthOptions = {
    secret: 'Pq7tB2mX9vKcR4wLz8sDfG6hJ1nY3aEu',
    ids: 'text',
    keyAlgorithm: 'EdDSA',
    tokensSignedWith: 'key-set',
    cookieCache: 'off',
    admin: false,
    agents: null,
    ...options,
  };
  const child = spawn(process.execPath, [join(__dirname, 'server.mjs')], {
    env: {
      NODE_ENV: 'development',
      BETTER_AUTH_TELEMETRY: '0',
      DATABASE_URL: databaseUrl,
      BETTER_AUTH_TEST_OPTIONS: JSON.stringify(complete),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const exited = once(child, 'exit');
  const verificationTokens = new Map<string, string>();
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
    }, DEADLINE_MS);
    void exited.then(() => {
      clearTimeout(timer);
      reject(new Error(`The Better Auth server did not start:\n${errors}`));
    });
    createInterface(child.stdout).on('line', (text) => {
      if (!text.startsWith('{')) return;
      const line = JSON.parse(text);
      if (line.verification) verificationTokens.set(line.verification.to, line.verification.token);
      if (!line.url) return;
      clearTimeout(timer);
      resolve(line.url);
    });
  });

  let users = 0;

  async function call(path: string, user: SignedUp | null, body?: object): Promise<Response> {
    const response = await fetch(`${url}/api/auth${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        origin: url,
        'content-type': 'application/json',
        cookie: [...(user?.cookies ?? [])].map(([name, value]) => `${name}=${value}`).join('; '),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  return {
    url,
    secret: complete.secret,
    async signUp(details = {}) {
      const email = `user-${++users}@example.com`;
      const response = await call('/sign-up/email', null, {
        email,
        password: PASSWORD,
        name: 'A user',
        ...details,
      });
      const { token, user } = (await response.json()) as { token: string; user: { id: string } };
      return {
        userId: user.id,
        email,
        sessionToken: token,
        signedSessionToken: response.headers.get('set-auth-token') ?? '',
        cookies: readCookies(response),
      };
    },
    async takeToken(user) {
      return ((await (await call('/token', user)).json()) as { token: string }).token;
    },
    async takeVerificationToken(user) {
      const deadline = performance.now() + DEADLINE_MS;
      while (!verificationTokens.has(user.email)) {
        if (performance.now() > deadline) throw new Error(`There is no e-mail to ${user.email}.`);
        await new Promise(setImmediate);
      }
      return verificationTokens.get(user.email)!;
    },
    async signOut(user) {
      await call('/sign-out', user, {});
    },
    async deleteConsents(user) {
      const consents = (await (await call('/oauth2/get-consents', user)).json()) as { id: string }[];
      for (const { id } of consents) await call('/oauth2/delete-consent', user, { id });
      return consents.length;
    },
    async deleteUser(user) {
      await call('/delete-user', user, { password: PASSWORD });
    },
    async stop() {
      child.kill();
      await exited;
    },
  };
}

/** The cookies of a response in the form in which a browser sends them back, without encoding or decoding. */
function readCookies(response: Response): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const line of response.headers.getSetCookie()) {
    const [name, value] = line.split(';')[0]!.split(/=(.*)/s);
    if (value) cookies.set(name!, value);
  }
  return cookies;
}
