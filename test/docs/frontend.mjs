// The frontend of docs/authentication.md, and the browser of one of its users. It is a separate process, because Better
// Auth is an ES module and the tests are CommonJS. Messages to it: `{ load: directory }` with the compiled code blocks of
// one section, and then `{ browse: address }` with the address of Tasklane; it answers each with a message. Its first
// message is the port at which it serves the key set.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';

const app = process.env.BETTER_AUTH_URL;
const tasks = process.env.NEXT_PUBLIC_TASKLANE_URL;
const network = globalThis.fetch;

let directory;
let routes;
let tasklane;
/** The browser's cookies: by name, the value and the domain, if one is set. */
let cookies = new Map();

let pages = 0;

const load = (file) => import(pathToFileURL(join(directory, file)).href);

/** Loads the module of the frontend's client anew, as when the browser loads a page. */
const loadPage = () => import(`${pathToFileURL(join(directory, 'lib/tasklane.mjs'))}?page=${++pages}`);

function respond(request) {
  const { pathname } = new URL(request.url);
  const route = routes[pathname] ?? (pathname.startsWith('/api/auth/') ? routes.auth : undefined);
  return route?.[request.method]?.(request) ?? new Response(null, { status: 404 });
}

function keepCookies(response) {
  for (const line of response.headers.getSetCookie()) {
    const [pair, ...attributes] = line.split('; ');
    const [name, value] = pair.split(/=(.*)/s);
    const domain = attributes.find((each) => each.startsWith('Domain='))?.slice('Domain='.length);
    if (attributes.includes('Max-Age=0')) cookies.delete(name);
    else cookies.set(name, { value, domain });
  }
}

/** The cookies that a browser sends to a host (RFC 6265, section 5.1.3). */
function cookiesFor(hostname) {
  return [...cookies]
    .filter(([, { domain }]) =>
      domain ? hostname === domain || hostname.endsWith(`.${domain}`) : hostname === new URL(app).hostname,
    )
    .map(([name, { value }]) => `${name}=${value}`)
    .join('; ');
}

/** Throws like a browser if CORS does not allow a request of a frontend's page (Fetch, section 3.2). */
function checkCors(response, withCookies) {
  const allowed =
    response.headers.get('access-control-allow-origin') === app &&
    (!withCookies || response.headers.get('access-control-allow-credentials') === 'true');
  if (!allowed) throw new TypeError('Failed to fetch');
}

/** `fetch` as in a page of the frontend. */
async function browserFetch(input, init) {
  const request = new Request(typeof input === 'string' ? new URL(input, app) : input, init);
  const { origin, hostname, pathname, search } = new URL(request.url);
  const isOwn = origin === app;
  const withCookies = request.credentials === 'include' || (isOwn && request.credentials === 'same-origin');
  const headers = new Headers(request.headers);
  if (withCookies && cookiesFor(hostname)) headers.set('cookie', cookiesFor(hostname));
  if (!isOwn || request.method !== 'GET') headers.set('origin', app);
  const body = request.body === null ? undefined : await request.arrayBuffer();
  const sent = { method: request.method, headers, body };

  if (isOwn) {
    const response = await respond(new Request(request.url, sent));
    if (withCookies) keepCookies(response);
    return response;
  }
  if (origin !== tasks) throw new TypeError('Failed to fetch');
  const address = tasklane + pathname + search;
  const asked = [...request.headers.keys()].filter((name) => name !== 'accept');
  const preflight = await network(address, {
    method: 'OPTIONS',
    headers: {
      origin: app,
      'access-control-request-method': request.method,
      'access-control-request-headers': asked.join(),
    },
  });
  checkCors(preflight, withCookies);
  const allowed = (preflight.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(',');
  if (!preflight.ok || asked.some((name) => !allowed.includes(name))) throw new TypeError('Failed to fetch');
  const response = await network(address, sent);
  checkCors(response, withCookies);
  return response;
}

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Signs a user up; returns the statuses of the client's write and read, before and after the sign-out. */
async function browse() {
  cookies = new Map();
  const email = `${crypto.randomUUID()}@example.com`;
  const { user } = await post('/api/auth/sign-up/email', { email, name: 'Ada', password: 'correct horse' });
  const { raw: client } = (await loadPage()).tasklane;
  const params = { path: { user_id: user.id } };
  const lane = '/api/{user_id}/tasks';
  const read = async (one) =>
    one.GET(lane, { params }).then(
      ({ response }) => response.status,
      // The frontend has no token for the page.
      (error) => (error.name === 'NoTokenError' ? 401 : Promise.reject(error)),
    );

  const written = (await client.POST(lane, { params, body: { title: 'A task' } })).response.status;
  const before = await read(client);
  for (const name of [...cookies.keys()].filter((each) => each.includes('session_data')))
    cookies.delete(name);
  const renewed = await read(client);
  const copies = new Map(cookies);
  await post('/api/auth/sign-out', {});
  const signedOut = await read((await loadPage()).tasklane.raw);
  cookies = copies;
  const copied = await read(client);
  return { written, read: before, renewed, signedOut, copied };
}

const commands = {
  async load(path) {
    directory = path;
    const { auth } = await load('lib/auth.mjs');
    await (await getMigrations(auth.options)).runMigrations();
    const own = await load('app/api/tasklane-token/route.mjs').catch((error) => {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    });
    routes = { auth: await load('app/api/auth/[...all]/route.mjs'), '/api/tasklane-token': own };
  },
  async browse(address) {
    tasklane = address;
    return browse();
  },
};

globalThis.fetch = browserFetch;
const server = createServer(toNodeHandler(respond)).listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', async (message) => {
  const [[command, argument]] = Object.entries(message);
  try {
    process.send({ result: await commands[command](argument) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit());
process.send({ result: `http://127.0.0.1:${server.address().port}` });
