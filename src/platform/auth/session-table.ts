import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TokenSubject } from './claims';
import { accept, type Result, refuse } from './result';
import { readScopes } from './scopes';
import { isUserId } from './user-id';

/** Runs one statement on Better Auth's database. */
export type Query = (text: string, values: readonly unknown[]) => Promise<{ rows: unknown[] }>;

export interface SessionTableOptions {
  readonly query: Query;
  readonly tables: { readonly schema: string; readonly session: string; readonly user: string };
  readonly secrets: readonly string[];
  readonly readOnlyRoles: readonly string[];
}

export interface SessionTable {
  /**
   * Finds the user of a session token. It reads the database each time, so that signing out works at once.
   * @param nowSeconds since 1970
   * @throws if the database is not available
   */
  find(text: string, carrier: 'header' | 'cookie', nowSeconds: number): Promise<Result<TokenSubject>>;
}

interface SessionRow {
  readonly user_id: string;
  readonly issued_at: number;
  readonly expires_at: number;
  readonly role: string | null;
}

/**
 * A session token, optionally with the HMAC-SHA256 in Base64 that Better Auth appends in its cookie and its
 * `set-auth-token` header.
 */
const SIGNED_TOKEN = /^([\w-]{16,255})(?:\.([A-Za-z0-9+/]{43}=))?$/;

/** Looks up opaque sessions in Better Auth's `session` table (better-auth 1.7.7). */
export function createSessionTable({
  query,
  tables,
  secrets,
  readOnlyRoles,
}: SessionTableOptions): SessionTable {
  let statement: string | null = null;

  async function find(text: string, carrier: 'header' | 'cookie', nowSeconds: number) {
    const [, token, signature] = SIGNED_TOKEN.exec(text) ?? [];
    if (token === undefined) return refuse('token-form');
    // Better Auth's bearer plugin accepts the token without signature in the header. In a cookie the token is always
    // signed.
    if (signature === undefined ? carrier === 'cookie' : !isSignedBy(secrets, token, signature)) {
      return refuse('session-signature');
    }

    statement ??= selectSession(tables, await readColumns(query, tables));
    const [row] = (await query(statement, [token])).rows as SessionRow[];
    if (row === undefined) return refuse('session-unknown');
    if (row.expires_at <= nowSeconds) return refuse('session-expired');
    if (!isUserId(row.user_id)) return refuse('user-id');
    const scopes = readScopes({ role: row.role }, readOnlyRoles);
    if (!scopes.ok) return scopes;
    const { user_id: userId, issued_at: issuedAt, expires_at: expiresAt } = row;
    return accept({ userId, clientId: null, issuedAt, expiresAt, scopes: scopes.value });
  }

  return { find };
}

function isSignedBy(secrets: readonly string[], token: string, signature: string): boolean {
  const given = Buffer.from(signature, 'base64');
  return secrets.some((secret) =>
    timingSafeEqual(createHmac('sha256', secret).update(token).digest(), given),
  );
}

/**
 * Reads the column names of the session table. Better Auth's own migrations write `userId`, its Drizzle schema
 * `user_id`.
 */
async function readColumns(
  query: Query,
  { schema, session }: SessionTableOptions['tables'],
): Promise<Set<string>> {
  const { rows } = await query(
    'select column_name from information_schema.columns where table_schema = $1 and table_name = $2',
    [schema, session],
  );
  if (rows.length === 0) throw new Error(`There is no table ${schema}.${session} that can be read.`);
  return new Set((rows as { column_name: string }[]).map((row) => row.column_name));
}

/**
 * Makes the statement that finds a session. `extract(epoch …)` reads a timestamp without time zone as UTC, which all
 * Better Auth adapters store.
 */
function selectSession(
  { schema, session, user }: SessionTableOptions['tables'],
  columns: Set<string>,
): string {
  const column = (camelCase: string, snakeCase: string) =>
    `s.${quote(columns.has(camelCase) ? camelCase : snakeCase)}`;
  const userId = column('userId', 'user_id');
  return `
    select ${userId}::text as user_id,
           extract(epoch from ${column('createdAt', 'created_at')})::float8 as issued_at,
           extract(epoch from ${column('expiresAt', 'expires_at')})::float8 as expires_at,
           to_jsonb(u) ->> 'role' as role
    from ${quote(schema)}.${quote(session)} s
    join ${quote(schema)}.${quote(user)} u on u.id = ${userId}
    where s.token = $1`;
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
