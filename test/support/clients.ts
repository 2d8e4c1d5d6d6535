/** Clients in lanes, and their tokens. */
import { randomUUID } from 'node:crypto';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { query } from './database';
import { testSecret } from './service';

/** A valid token of a client that acts for a user; for `/mcp` if that is at `url`, otherwise for the API. */
export function tokenOfClient(
  userId: string,
  clientId: string,
  { url, scope = 'tasklane:write' }: { url?: string; scope?: string } = {},
): Promise<string> {
  return signDevelopmentToken(testSecret, {
    userId,
    clientId,
    scope,
    ...(url !== undefined && { resource: `${url}/mcp` }),
  });
}

/** Puts a client into a lane, as if it had used it. @returns the id of its entry */
export async function seedClient(
  databaseUrl: string,
  userId: string,
  { clientId = 'a-client', usedHoursAgo = 2 } = {},
): Promise<string> {
  const id = randomUUID();
  await query(databaseUrl, 'select make_lane($1)', [userId]);
  await query(
    databaseUrl,
    `insert into tasklane.clients (lane_id, id, client_id, name, scopes, first_used_at, last_used_at)
     select lane_of($1), $2, $3, 'A client', '{write}', at, at
     from (select now() - make_interval(hours => $4) as at) as used`,
    [userId, id, clientId, usedHoursAgo],
  );
  return id;
}
