// A Better Auth server for the tests, in a process of its own: Better Auth is an ES module, the tests are CommonJS.
// Takes DATABASE_URL and, as JSON, BETTER_AUTH_TEST_OPTIONS (see index.ts); writes one JSON object per line to stdout:
// its URL when it is ready, and each e-mail that it would send.
import { once } from 'node:events';
import { createServer } from 'node:http';
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

await (await getMigrations(options)).runMigrations();
server.on('request', toNodeHandler(betterAuth(options)));
report({ url });

process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await pool.end();
});
