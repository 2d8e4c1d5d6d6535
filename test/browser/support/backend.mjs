/** What an app runs on: Postgres, the service, a real Better Auth server, and the server of the app's own pages. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { SignJWT } from 'jose';

const require = createRequire(import.meta.url);
require('../../support/register-swc.cjs');
const { createCleanUp, kill, startInstance, startOwnPostgres } = require('../../faults/support.ts');
const { query } = require('../../support/database.ts');
const { startBetterAuth } = require('../../support/better-auth/index.ts');

/** Bundles the app. With plugins of esbuild, a test replaces modules of the SDK. */
export async function bundleApp(plugins = []) {
  const { outputFiles } = await build({
    entryPoints: [new URL('app.js', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'app',
    plugins,
  });
  return outputFiles[0].text;
}

export const pageOf = (script) => `<!doctype html><title>App</title><script>${script}</script>`;

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length > 0 ? Buffer.concat(chunks) : undefined;
}

/** Serves the page at every path, and Better Auth's paths at the page's own origin, as apps do. */
async function startAppServer(page, authUrl) {
  async function forward(request, response) {
    const { cookie = '', 'content-type': type = 'application/json' } = request.headers;
    const answer = await fetch(authUrl + request.url, {
      method: request.method,
      headers: { cookie, 'content-type': type, origin: authUrl },
      body: await readBody(request),
    });
    response.statusCode = answer.status;
    response.setHeader('Content-Type', answer.headers.get('content-type') ?? 'application/json');
    response.setHeader('Set-Cookie', answer.headers.getSetCookie());
    response.end(Buffer.from(await answer.arrayBuffer()));
  }
  const server = createServer((request, response) => {
    if (request.url.startsWith('/api/auth/')) forward(request, response).catch(() => response.destroy());
    else response.setHeader('Content-Type', 'text/html').end(page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Starts everything. `stop` ends it, also after a failure. */
export async function startBackend() {
  const cleanUp = createCleanUp();
  try {
    const script = await bundleApp();
    const postgres = await startOwnPostgres({ fsync: 'off', synchronous_commit: 'off' });
    cleanUp.add(() => postgres.stop());
    const auth = await startBetterAuth({ databaseUrl: postgres.url });
    cleanUp.add(() => auth.stop());
    const app = await startAppServer(pageOf(script), auth.url);
    cleanUp.add(() => app.stop());

    const settings = {
      DATABASE_URL: postgres.url,
      BETTER_AUTH_URL: auth.url,
      BETTER_AUTH_SECRET: auth.secret,
      // Tests sign some tokens themselves, because Better Auth gives none that are expired.
      AUTH_SOURCES: 'key-set,secret',
      // Browsers treat a host that is not the device itself like a server in a local network.
      CORS_ORIGINS: `http://127.0.0.1:${app.port},http://app.test:${app.port}`,
    };
    let service = await startInstance(settings);
    cleanUp.add(() => kill(service));
    const { port } = new URL(service.url);

    return {
      url: service.url,
      script,
      app: `http://127.0.0.1:${app.port}`,
      /** The same app at an origin that is not secure. */
      insecureApp: `http://app.test:${app.port}`,
      query: (sql, values) => query(postgres.url, sql, values),
      signToken: (userId, lifetimeSeconds) => {
        const expires = Math.floor(Date.now() / 1000) + lifetimeSeconds;
        return new SignJWT({ sub: userId, iss: auth.url, aud: auth.url, exp: expires, iat: expires - 900 })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode(auth.secret));
      },
      killService: () => kill(service),
      /** Starts the service at the same address. */
      async startService() {
        service = await startInstance({ ...settings, PORT: port });
      },
      stop: () => cleanUp.run(),
    };
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
}
