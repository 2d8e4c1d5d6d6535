import { Client } from 'pg';
import { createAuthenticator } from '../../../src/platform/auth/authenticator';
import { createSessionTable, type Query, type SessionTable } from '../../../src/platform/auth/session-table';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { bearer, configOf, memoryLog } from './support';

const SECRET = 'Pq7tB2mX9vKcR4wLz8sDfG6hJ1nY3aEu';
const TOKEN = 'Xk3PzQ8vT1mN6bC9yR4wL7sD2fG5hJ0a';
const NOW = Date.UTC(2030, 0, 1) / 1000;

let database: TestDatabase;
let client: Client;
let statements: string[];

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
});

afterAll(() => database.drop());

beforeEach(async () => {
  client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query("begin; set local time zone 'Pacific/Auckland'");
  statements = [];
});

afterEach(() => client.end());

const query: Query = (text, values) => {
  statements.push(text);
  return client.query(text, [...values]);
};

function open(tables = { schema: 'public', session: 'session', user: 'user' }): SessionTable {
  return createSessionTable({ query, tables, secrets: [SECRET], readOnlyRoles: ['read-only'] });
}

/** The tables of Better Auth's Drizzle generator: other column names, timestamps without a time zone. */
const DRIZZLE_TABLES = `
  create table "user" (id text primary key, role text);
  create table session (
    id text primary key, token text not null unique, user_id text not null references "user",
    created_at timestamp not null, expires_at timestamp not null);
  insert into "user" values ('alice', 'user'), ('bob', 'read-only');
  insert into session values
    ('1', '${TOKEN}', 'alice', '2029-12-31 12:00', '2030-01-01 00:00:01'),
    ('2', '${TOKEN.toLowerCase()}', 'bob', '2029-12-31 12:00', '2030-01-01 00:00:01')`;

test('reads snake_case columns, and timestamps without a zone as UTC in any session time zone', async () => {
  await client.query(DRIZZLE_TABLES);
  expect(await open().find(TOKEN, 'header', NOW)).toEqual({
    ok: true,
    value: {
      userId: 'alice',
      clientId: null,
      issuedAt: NOW - 12 * 3600,
      expiresAt: NOW + 1,
      scopes: ['read', 'write'],
    },
  });
  expect(await open().find(TOKEN, 'header', NOW + 1)).toEqual({ ok: false, reason: 'session-expired' });
});

test('reads the user’s role', async () => {
  await client.query(DRIZZLE_TABLES);
  expect(await open().find(TOKEN.toLowerCase(), 'header', NOW)).toMatchObject({
    value: { userId: 'bob', scopes: ['read'] },
  });
});

test('reads tables and columns with other names, quoted, in another schema', async () => {
  await client.query(`
    create schema "Auth 1";
    create table "Auth 1"."use""rs" (id int primary key);
    create table "Auth 1"."Sessions" (
      token text, "userId" int, "createdAt" timestamptz, "expiresAt" timestamptz);
    insert into "Auth 1"."use""rs" values (7);
    insert into "Auth 1"."Sessions" values ('${TOKEN}', 7, '2029-12-31T12:00Z', '2030-01-02T00:00Z')`);
  const table = open({ schema: 'Auth 1', session: 'Sessions', user: 'use"rs' });
  expect(await table.find(TOKEN, 'header', NOW)).toMatchObject({
    value: { userId: '7', expiresAt: NOW + 86_400 },
  });
});

test('looks up the columns once', async () => {
  await client.query(DRIZZLE_TABLES);
  const table = open();
  await table.find(TOKEN, 'header', NOW);
  await table.find(TOKEN, 'header', NOW);
  expect(statements.filter((text) => text.includes('information_schema'))).toHaveLength(1);
  expect(statements).toHaveLength(3);
});

test('finds a table that was created after the first look-up', async () => {
  const table = open();
  await expect(table.find(TOKEN, 'header', NOW)).rejects.toThrow('no table public.session');
  await client.query(DRIZZLE_TABLES);
  expect(await table.find(TOKEN, 'header', NOW)).toMatchObject({ ok: true });
});

test('refuses a malformed session token without a query', async () => {
  const bad = [
    'short',
    'x'.repeat(256),
    `${TOKEN}'--`,
    `${TOKEN}.`,
    `${TOKEN}.short`,
    `${TOKEN} `,
    `${TOKEN}\n`,
    'ä'.repeat(32),
  ];
  for (const text of bad) {
    expect(await open().find(text, 'header', NOW)).toEqual({ ok: false, reason: 'token-form' });
  }
  expect(statements).toEqual([]);
});

test('an unreachable database gives its own error, and the log does not have the token', async () => {
  const log = memoryLog();
  const failing: Query = (_, values) =>
    Promise.reject(Object.assign(new Error(`connection lost: ${values}`), { code: 'ECONNRESET' }));
  const authenticator = createAuthenticator(
    configOf({ BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'session' }),
    log,
    { query: failing },
  );
  expect(await authenticator.authenticate(bearer(TOKEN))).toEqual({
    outcome: 'unavailable',
    retryAfterSeconds: 5,
    reason: 'the session table is unreachable',
  });
  expect(log.lines).toEqual([
    { level: 'error', fields: { name: 'Error', code: 'ECONNRESET' }, message: 'session table: unreachable' },
  ]);
});

test('a session with a creation time in the future has no time of issue', async () => {
  await client.query(DRIZZLE_TABLES);
  const authenticate = async (createdAt: string) => {
    await client.query('update session set created_at = $1', [createdAt]);
    const authenticator = createAuthenticator(
      configOf({ BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'session' }),
      memoryLog(),
      { query, now: () => (NOW - 60) * 1000 },
    );
    return authenticator.authenticate(bearer(TOKEN));
  };
  const madeAt = (issuedAfter: number | null) => ({ outcome: 'authenticated', identity: { issuedAfter } });
  expect(await authenticate('2029-12-31 12:00')).toMatchObject(madeAt(NOW - 12 * 3600 - 5));
  expect(await authenticate('2029-12-31 23:59:05')).toMatchObject(madeAt(NOW - 60));
  expect(await authenticate('2029-12-31 23:59:06')).toMatchObject(madeAt(null));
});
