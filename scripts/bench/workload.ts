/** The requests to the servers, and the rows in the database: the same in every process of the benchmark. */

import { Client } from 'pg';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { schema } from '../../src/platform/database/rows';
import type { Sign } from './issuer';
import { laneOf, makeLanes } from './lanes';

export const loads = ['get', 'list', 'create'] as const;

// A token that is already verified, and tokens that are new for each request.
const tokenKinds = {
  'get, one HS256 token': { algorithm: 'HS256', fresh: false },
  'get, fresh HS256 tokens': { algorithm: 'HS256', fresh: true },
  'get, one EdDSA token': { algorithm: 'EdDSA', fresh: false },
  'get, fresh EdDSA tokens': { algorithm: 'EdDSA', fresh: true },
} as const;
type TokenLoad = keyof typeof tokenKinds;
/** Reads by one user: with one token for a whole run, or with a new token for each request. */
export const tokenLoads = Object.keys(tokenKinds) as TokenLoad[];

export type Load = (typeof loads)[number] | TokenLoad;

/** The status that a load's responses must have. */
export function statusOf(load: Load): number {
  return load === 'create' ? 201 : 200;
}

export const secret = 'a secret of the benchmark, known to everyone';
export const pageSize = 20;

// Several lanes, so that concurrent writes do not queue for one lane's lock.
const userIds = Array.from({ length: 32 }, (_, n) => `user-${n}`);
const taskIds = Array.from(
  { length: 200 },
  (_, n) => `019a9c2e-5b00-7c3a-9d51-${n.toString(16).padStart(12, '0')}`,
);

/** Creates every user's lane, with tasks a minute apart, in a migrated and empty database. */
export async function seed(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(makeLanes, [userIds]);
    await client.query(
      `insert into ${schema}.tasks (lane_id, id, title, description, created_at)
      select ${laneOf('user_id')}, id, 'Water the plants, time ' || n, repeat('All of them, the cactus too. ', 4),
        now() - n * interval '1 minute'
      from unnest($1::text[]) user_id, unnest($2::uuid[]) with ordinality task(id, n)`,
      [userIds, taskIds],
    );
    await client.query(`vacuum analyze ${schema}.tasks`);
  } finally {
    await client.end();
  }
}

/** The bytes of a request. */
export function encode(method: string, path: string, token: string, body?: object): Buffer {
  const text = body && JSON.stringify(body);
  const headers = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Accept: application/json',
    ...(text === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${text.length}`]),
  ];
  return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${text ?? ''}`);
}

type PlainLoad = (typeof loads)[number];

/** The requests of each plain load, with the users in turn, and one token for each user. */
async function encodePlain(): Promise<Record<PlainLoad, readonly Buffer[]>> {
  const requests: Record<PlainLoad, Buffer[]> = { get: [], list: [], create: [] };
  const tokens = await Promise.all(userIds.map((userId) => signDevelopmentToken(secret, { userId })));
  const lanes = userIds.map((userId, n) => ({ tasks: `/api/${userId}/tasks`, token: tokens[n] as string }));
  for (const { tasks, token } of lanes) {
    requests.list.push(encode('GET', `${tasks}?limit=${pageSize}`, token));
    requests.create.push(encode('POST', tasks, token, { title: 'Water the plants', priority: 'high' }));
  }
  for (const id of taskIds) {
    for (const { tasks, token } of lanes) requests.get.push(encode('GET', `${tasks}/${id}`, token));
  }
  return requests;
}

/** Creates a function that returns the requests of a load, to be sent in turn; with fresh tokens, `count` requests. */
export async function createEncoder(
  sign: Sign,
): Promise<(load: Load, count: number) => Promise<readonly Buffer[]>> {
  const plain = await encodePlain();
  const userId = userIds[0] as string;
  return async (load, count) => {
    if (!(load in tokenKinds)) return plain[load as PlainLoad];
    const { algorithm, fresh } = tokenKinds[load as TokenLoad];
    const tokens = await Promise.all(
      Array.from({ length: fresh ? count : 1 }, () => sign(algorithm, userId)),
    );
    return Array.from({ length: count }, (_, n) => {
      const path = `/api/${userId}/tasks/${taskIds[n % taskIds.length]}`;
      return encode('GET', path, tokens[n % tokens.length] as string);
    });
  };
}
