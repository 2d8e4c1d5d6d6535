/**
 * A user of a real Better Auth server gives an MCP client access: from the 401 of `/mcp` to its tools, until the access
 * ends. The server has the set-up of docs/agents.md.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { parseConfig } from '../../src/config';
import { createLogger } from '../../src/platform/observability/logger';
import { projectPath } from '../../src/platform/paths';
import { type Service, startService } from '../../src/start';
import { send } from '../support/api';
import { type BetterAuthServer, type SignedUp, startBetterAuth } from '../support/better-auth';
import {
  answerInBrowser,
  type ClientStore,
  clientMetadata,
  createStore,
  oauthClient,
  redirectUrl,
} from '../support/better-auth/mcp-client';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { throughPooler } from '../support/pooler';

const documentUrl = 'https://agent.example.com/client.json';

let database: TestDatabase;
/** Passes connections on to the service, which the authorization server must know before the service starts. */
let balancer: ReturnType<typeof createServer>;
let documents: Server;
let server: BetterAuthServer;
let service: Service;
let url: string;
let user: SignedUp;

/** The metadata documents of clients, by path. */
const published: Record<string, object> = {
  '/client.json': { client_id: documentUrl, ...clientMetadata },
  '/stranger.json': { client_id: 'https://another.example.com/client.json', ...clientMetadata },
  '/secret.json': {
    client_id: 'https://agent.example.com/secret.json',
    ...clientMetadata,
    token_endpoint_auth_method: 'client_secret_post',
  },
};
let documentRequests = 0;

const portOf = (listening: { address(): AddressInfo | string | null }) =>
  (listening.address() as AddressInfo).port;

beforeAll(async () => {
  balancer = createServer((client) => {
    const upstream = connect(Number(new URL(service.url).port), '127.0.0.1');
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  documents = createHttpServer((request, response) => {
    documentRequests++;
    const document = published[request.url ?? ''];
    response.writeHead(document ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(document));
  }).listen(0, '127.0.0.1');
  await Promise.all([once(balancer, 'listening'), once(documents, 'listening')]);
  url = `http://127.0.0.1:${portOf(balancer)}`;
  database = await createTestDatabase();
  server = await startBetterAuth({
    databaseUrl: database.url,
    options: {
      agents: { tasklaneUrl: url, metadataServerUrl: `http://127.0.0.1:${portOf(documents)}` },
    },
  });
  const config = parseConfig(
    throughPooler({
      PORT: '0',
      DATABASE_URL: database.url,
      BETTER_AUTH_URL: server.url,
      PUBLIC_URL: url,
    }),
  );
  service = await startService(config, createLogger({ level: 'silent', pretty: false }));
  user = await server.signUp();
});
afterAll(async () => {
  await service.stop();
  await server.stop();
  for (const each of [balancer, documents]) await once(each.close(), 'close');
  await database.drop();
});

/** Lets a client go the whole way from the refusal of `/mcp` to a token. */
async function authorize(store: ClientStore): Promise<void> {
  const { client, transport } = oauthClient(url, store);
  await expect(client.connect(transport as never)).rejects.toThrow('Unauthorized');
  const back = await answerInBrowser(server.url, store.authorizationUrl as URL, user);
  await transport.finishAuth(back.searchParams);
}

async function connected(store: ClientStore) {
  const { client, transport } = oauthClient(url, store);
  await client.connect(transport as never);
  return client;
}

/** A form without the fields that are empty. */
function formOf(fields: Record<string, string>): URLSearchParams {
  return new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''));
}

/** Sends a form to an endpoint of the authorization server. */
async function post(path: string, form: Record<string, string>) {
  const response = await fetch(`${server.url}/api/auth/oauth2${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: formOf(form),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

/** Whether `/mcp` takes a token. */
async function mcpStatus(token: string): Promise<number> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      Authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'prompts/list', params: {} }),
  });
  await response.text();
  return response.status;
}

/** Asks for a code without a client. The answers of the browser are those of the authorization server. */
async function askForCode(changes: Record<string, string> = {}, by = user): Promise<URL> {
  const address = new URL(`${server.url}/api/auth/oauth2/authorize`);
  address.search = formOf({
    response_type: 'code',
    client_id: documentUrl,
    redirect_uri: redirectUrl,
    scope: 'tasklane:write offline_access',
    resource: `${url}/mcp`,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    state: 'a-state',
    ...changes,
  }).toString();
  return answerInBrowser(server.url, address, by);
}

/** The verifier of the challenge above (RFC 7636, appendix B). */
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

const exchange = (code: string, changes: Record<string, string> = {}) =>
  post('/token', {
    grant_type: 'authorization_code',
    client_id: documentUrl,
    code,
    code_verifier: verifier,
    redirect_uri: redirectUrl,
    resource: `${url}/mcp`,
    ...changes,
  });

const codeIn = (address: URL) => address.searchParams.get('code') as string;

test('docs/agents.md shows the code that this test runs', () => {
  const guide = readFileSync(projectPath('docs', 'agents.md'), 'utf8');
  const blocks = [...guide.matchAll(/^```ts\n\/\/ \S+\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  for (const name of ['auth', 'metadata', 'consent']) {
    const file = projectPath('test', 'support', 'better-auth', 'agents', `${name}.mts`);
    expect(blocks).toContain(readFileSync(file, 'utf8').replace('./auth.mts', '@/lib/auth'));
  }
});

test('the metadata of /mcp leads to the authorization server, which takes metadata documents and registrations', async () => {
  const resource = (await send(url, 'GET', '/.well-known/oauth-protected-resource/mcp')).body;
  expect(resource).toMatchObject({
    resource: `${url}/mcp`,
    authorization_servers: [`${server.url}/api/auth`],
    scopes_supported: ['tasklane:read', 'tasklane:write'],
  });
  const response = await fetch(`${server.url}/.well-known/oauth-authorization-server/api/auth`);
  expect(await response.json()).toMatchObject({
    issuer: resource.authorization_servers[0],
    registration_endpoint: `${server.url}/api/auth/oauth2/register`,
    client_id_metadata_document_supported: true,
    code_challenge_methods_supported: ['S256'],
  });
});

test.each([
  ['whose id is the address of its metadata document', documentUrl],
  ['that registers itself', undefined],
])('a client %s gets a token for /mcp alone, and calls tools', async (_, metadataUrl) => {
  const store = createStore(metadataUrl);
  const requestsBefore = documentRequests;
  await authorize(store);
  const id = store.information?.client_id as string;
  if (metadataUrl !== undefined) {
    expect(id).toBe(metadataUrl);
    expect(documentRequests).toBeGreaterThan(requestsBefore);
  }
  const asked = store.authorizationUrl?.searchParams;
  expect(asked?.get('resource')).toBe(`${url}/mcp`);
  expect(asked?.get('code_challenge_method')).toBe('S256');

  const token = store.current?.access_token as string;
  expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'EdDSA' });
  expect(decodeJwt(token)).toMatchObject({ aud: `${url}/mcp`, sub: user.userId, azp: id });

  const client = await connected(store);
  const added = await client.callTool({ name: 'add_tasks', arguments: { tasks: [{ title: `By ${id}` }] } });
  expect(added.isError ?? false).toBe(false);
  await client.close();

  const rest = { token: await server.takeToken(user) };
  const { items } = (await send(url, 'GET', `/api/${user.userId}/activity?type=task`, rest)).body;
  expect(items[0]).toMatchObject({ action: 'created', actor: { type: 'client', id } });

  expect((await send(url, 'GET', `/api/${user.userId}/tasks`, { token })).status).toBe(401);
  expect(await mcpStatus(rest.token)).toBe(401);
});

test('a refused consent gives the client no code', async () => {
  const store = createStore(documentUrl);
  const { client, transport } = oauthClient(url, store);
  await expect(client.connect(transport as never)).rejects.toThrow('Unauthorized');
  const stranger = await server.signUp();
  const back = await answerInBrowser(server.url, store.authorizationUrl as URL, stranger, false);
  expect(back.searchParams.get('error')).toBe('access_denied');
  expect(back.searchParams.has('code')).toBe(false);
});

const refresh = (token: string) =>
  post('/token', {
    grant_type: 'refresh_token',
    client_id: documentUrl,
    refresh_token: token,
    resource: `${url}/mcp`,
  });

test('a refresh token renews the access; a second use ends the access of the client', async () => {
  const first = (await exchange(codeIn(await askForCode()))).body;
  const second = (await refresh(first.refresh_token)).body;
  expect(decodeJwt(second.access_token)).toMatchObject({ aud: `${url}/mcp`, azp: documentUrl });
  expect(await mcpStatus(second.access_token)).toBe(200);
  expect((await refresh(first.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
  expect((await refresh(second.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
});

test('a revoked refresh token gives no access; the JWT is valid until it expires', async () => {
  const { access_token, refresh_token } = (await exchange(codeIn(await askForCode()))).body;
  const { exp = 0, iat = 0 } = decodeJwt(access_token);
  expect(exp - iat).toBe(900);
  const revoked = await post('/revoke', {
    client_id: documentUrl,
    token: refresh_token,
    token_type_hint: 'refresh_token',
  });
  expect(revoked.status).toBe(200);
  expect((await refresh(refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
  expect(await mcpStatus(access_token)).toBe(200);
});

test('a sign-out and a deleted consent end no refresh token', async () => {
  const leaving = await server.signUp();
  const { refresh_token } = (await exchange(codeIn(await askForCode({}, leaving)))).body;
  expect(await server.deleteConsents(leaving)).toBe(1);
  await server.signOut(leaving);
  expect((await refresh(refresh_token)).status).toBe(200);
});

test.each([
  ['a wrong verifier', { code_verifier: `${verifier.slice(0, -1)}j` }, 'code verification failed'],
  ['another redirect address', { redirect_uri: 'http://127.0.0.1:33418/other' }, 'redirect_uri mismatch'],
  ['the id of another client', { client_id: 'https://agent.example.com/other.json' }, 'invalid client_id'],
])('a code is not exchanged with %s', async (_, changes, reason) => {
  const { body } = await exchange(codeIn(await askForCode()), changes);
  expect(body).toEqual({ error: expect.any(String), error_description: reason });
});

test('a token that names no resource is refused by /mcp and by the API', async () => {
  const { body } = await exchange(codeIn(await askForCode({ resource: '' })), { resource: '' });
  expect(body.scope).toContain('tasklane:write');
  expect(await mcpStatus(body.access_token)).toBe(401);
  const answer = await send(url, 'GET', `/api/${user.userId}/tasks`, { token: body.access_token });
  expect(answer.status).toBe(401);
});

test('a code is exchanged only once', async () => {
  const code = codeIn(await askForCode());
  expect((await exchange(code)).status).toBe(200);
  expect((await exchange(code)).status).toBe(400);
});

const agent = 'https://agent.example.com';
test.each([
  ['an unknown redirect address', { redirect_uri: 'https://evil.example.com/' }, 'invalid_redirect'],
  ['no challenge', { code_challenge: '', code_challenge_method: '' }, 'pkce'],
  ['an unknown resource', { resource: 'https://tasks.example.com/other' }, 'invalid_target'],
  ['an unknown scope', { scope: 'admin' }, 'invalid_scope'],
  ['a document of another client', { client_id: `${agent}/stranger.json` }, 'does not match'],
  ['a document with a shared secret', { client_id: `${agent}/secret.json` }, 'client_secret_post'],
  ['no document', { client_id: `${agent}/none.json` }, 'HTTP 404'],
  ['a document on this machine', { client_id: 'https://127.0.0.1/client.json' }, 'private or reserved'],
  ['a document without https', { client_id: 'http://agent.example.com/client.json' }, 'invalid_client'],
])('a request with %s gets no code', async (_, changes, reason) => {
  const answer = await askForCode(changes).catch((error: Error) => error.message);
  expect(String(answer)).toContain(reason);
  expect(String(answer)).not.toMatch(/[?&]code=|^https:\/\/evil/);
});
