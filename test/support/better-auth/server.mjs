// A Better Auth server for the tests, in a process of its own: Better Auth is an ES module, the tests are CommonJS.
// Takes DATABASE_URL and, as JSON, BETTER_AUTH_TEST_OPTIONS (see index.ts); writes one JSON object per line to stdout:
// its URL when it is ready, and each e-mail that it would send.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { registerHooks } from 'node:module';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { admin, bearer, jwt } from 'better-auth/plugins';
import { SignJWT } from 'jose';
import pg from 'pg';

const {
  secret,
  ids,
  keyAlgorithm,
  tokensSignedWith,
  cookieCache,
  admin: withAdmin,
  agents,
} = JSON.parse(process.env.BETTER_AUTH_TEST_OPTIONS);

const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });

/** A custom signer, which Better Auth allows only when it says that the keys are elsewhere. */
const signWithSecret = {
  jwks: { remoteUrl: `${url}/no-key-set`, keyPairConfig: { alg: 'EdDSA' } },
  jwt: {
    sign: (payload) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret)),
  },
};
const signWithKeySet = {
  sessionCookieCache: cookieCache === 'key-set',
  ...(keyAlgorithm !== 'EdDSA' && { jwks: { keyPairConfig: { alg: keyAlgorithm } } }),
};

const options = {
  baseURL: url,
  secret,
  database: pool,
  emailAndPassword: { enabled: true },
  emailVerification: {
    sendOnSignUp: true,
    sendVerificationEmail: async ({ user, token }) => report({ verification: { to: user.email, token } }),
  },
  user: { deleteUser: { enabled: true } },
  session: cookieCache === 'off' ? {} : { cookieCache: { enabled: true, strategy: 'jwt' } },
  advanced: { database: ids === 'text' ? {} : { generateId: ids === 'uuid' ? 'uuid' : 'serial' } },
  plugins: [
    jwt(tokensSignedWith === 'secret' ? signWithSecret : signWithKeySet),
    bearer(),
    ...(withAdmin ? [admin()] : []),
  ],
};

/** The set-up of docs/agents.md. Metadata documents of clients come from a server on this machine. */
async function startForAgents() {
  Object.assign(process.env, {
    BETTER_AUTH_URL: url,
    BETTER_AUTH_SECRET: secret,
    NEXT_PUBLIC_TASKLANE_URL: agents.tasklaneUrl,
    METADATA_SERVER_URL: agents.metadataServerUrl,
  });
  const fetcher = new URL('./agents/loopback-documents.mjs', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@better-auth/cimd/node' && context.parentURL !== fetcher
        ? { url: fetcher, shortCircuit: true }
        : next(specifier, context),
  });
  const [{ auth }, { GET }] = await Promise.all([
    import('./agents/auth.mts'),
    import('./agents/metadata.mts'),
  ]);
  await (await getMigrations(auth.options)).runMigrations();
  const handle = toNodeHandler(auth);
  server.on('request', async (request, response) => {
    if (request.url !== '/.well-known/oauth-authorization-server/api/auth') return handle(request, response);
    const metadata = await GET(new Request(url + request.url));
    response.writeHead(metadata.status, Object.fromEntries(metadata.headers)).end(await metadata.text());
  });
}

if (agents === null) {
  await (await getMigrations(options)).runMigrations();
  server.on('request', toNodeHandler(betterAuth(options)));
} else {
  await startForAgents();
}
report({ url });

process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await pool.end();
});
