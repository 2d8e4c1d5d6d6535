/** The requests to the servers, and the rows in the database: the same in every process of the benchmark. */

import { Client } from 'pg';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { schema } from '../../src/platform/database/rows';
import { createFloor } from './floor';
import type { Sign } from './issuer';
import { laneOf, makeLanes } from './lanes';

export const loads = ['get', 'list', 'create', 'patch'] as const;

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
const tasksPerUser = 200;
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');
const taskId = (user: number, task: number) => `019a9c2e-5b00-7c3a-9d51-${hex(user, 4)}${hex(task, 8)}`;

/** The tasks of all users as columns: the owner, the id, and the number of the task in its lane. */
function taskColumns(): [owners: string[], ids: string[], numbers: number[]] {
  const tasks = userIds.flatMap((userId, user) =>
    Array.from({ length: tasksPerUser }, (_, n) => ({ userId, id: taskId(user, n), n })),
  );
  return [tasks.map(({ userId }) => userId), tasks.map(({ id }) => id), tasks.map(({ n }) => n)];
}

const insertTasks = (table: string, key: string, owner: string) => `
  insert into ${table} (${key}, id, title, description, created_at)
  select ${owner}, id, 'Water the plants, time ' || n, repeat('All of them, the cactus too. ', 4),
    now() - n * interval '1 minute'
  from unnest($1::text[], $2::uuid[], $3::int[]) as task (owner, id, n)`;

/** Creates every user's lane, with tasks a minute apart, in a migrated and empty database. */
export async function seed(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(makeLanes, [userIds]);
    await client.query(insertTasks(`${schema}.tasks`, 'lane_id', laneOf('owner')), taskColumns());
    await client.query(`vacuum analyze ${schema}.tasks`);
  } finally {
    await client.end();
  }
}

// Many users, so that no user's share of the connections limits a load that is for all of them.
const crowd = Array.from({ length: 1_000 }, (_, n) => `crowd-${n}`);
const tasksInCrowd = 20;
const crowdTaskId = (user: number, task: number) => `019a9c2e-5b01-7c3a-9d51-${hex(user, 4)}${hex(task, 8)}`;

/** Creates the lanes for `createMixedEncoder`. */
export async function seedCrowd(url: string): Promise<void> {
  const tasks = crowd.flatMap((userId, user) =>
    Array.from({ length: tasksInCrowd }, (_, n) => ({ userId, id: crowdTaskId(user, n), n })),
  );
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(makeLanes, [crowd]);
    const columns = [tasks.map(({ userId }) => userId), tasks.map(({ id }) => id), tasks.map(({ n }) => n)];
    await client.query(insertTasks(`${schema}.tasks`, 'lane_id', laneOf('owner')), columns);
    await client.query(`vacuum analyze ${schema}.tasks`);
  } finally {
    await client.end();
  }
}

/** Creates a function that returns the next request of a mix of loads, with a user of the crowd. */
export async function createMixedEncoder(): Promise<() => Buffer> {
  const tokens = await Promise.all(crowd.map((userId) => signDevelopmentToken(secret, { userId })));
  // Of 20 requests, 8 get a task, 6 list 20, 3 create one, and 3 change one.
  const mix: readonly PlainLoad[] = 'ggllgcglpglcgplgpglc'
    .split('')
    .map((letter) => ({ g: 'get', l: 'list', c: 'create', p: 'patch' })[letter] as PlainLoad);
  let count = 0;
  return () => {
    const n = count++;
    // 7 and 1000 have no common divisor, so that each user sends each kind of request.
    const user = (n * 7 + Math.floor(n / crowd.length)) % crowd.length;
    const load = mix[n % mix.length] as PlainLoad;
    const tasks = `/api/${crowd[user]}/tasks`;
    return encodeOne[load](tasks, crowdTaskId(user, n % tasksInCrowd), tokens[user] as string, n);
  };
}

/** Creates the same tasks for the floor, in an empty database. */
export const seedFloor = (url: string) =>
  createFloor(url, insertTasks('tasks', 'user_id', 'owner'), taskColumns());

/** The bytes of a request. */
export function encode(method: string, path: string, token: string, body?: object): Buffer {
  const text = body && JSON.stringify(body);
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Accept: application/json',
    ...(text === undefined ? [] : [`Content-Type: ${type}`, `Content-Length: ${text.length}`]),
  ];
  return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${text ?? ''}`);
}

type PlainLoad = (typeof loads)[number];

/** The bytes of a request. Each title is new: a patch that changes nothing costs less. */
const encodeOne = {
  get: (tasks, id, token) => encode('GET', `${tasks}/${id}`, token),
  list: (tasks, _id, token) => encode('GET', `${tasks}?limit=${pageSize}`, token),
  create: (tasks, _id, token) =>
    encode('POST', tasks, token, { title: 'Water the plants', priority: 'high' }),
  patch: (tasks, id, token, n) => encode('PATCH', `${tasks}/${id}`, token, { title: `Edit ${n}` }),
} satisfies Record<PlainLoad, (tasks: string, id: string, token: string, n: number) => Buffer>;

/** Creates a function that returns requests of a load, with the users in turn, and one token for each user. */
async function createPlainEncoder(): Promise<(load: PlainLoad, count: number) => Buffer[]> {
  const tokens = await Promise.all(userIds.map((userId) => signDevelopmentToken(secret, { userId })));
  let edits = 0;
  return (load, count) =>
    Array.from({ length: count }, (_, n) => {
      const user = n % userIds.length;
      const id = taskId(user, Math.floor(n / userIds.length) % tasksPerUser);
      return encodeOne[load](`/api/${userIds[user]}/tasks`, id, tokens[user] as string, edits++);
    });
}

/** Creates a function that returns `count` requests of a load, to be sent in turn. */
export async function createEncoder(
  sign: Sign,
): Promise<(load: Load, count: number) => Promise<readonly Buffer[]>> {
  const encodePlain = await createPlainEncoder();
  const userId = userIds[0] as string;
  return async (load, count) => {
    if (!(load in tokenKinds)) return encodePlain(load as PlainLoad, count);
    const { algorithm, fresh } = tokenKinds[load as TokenLoad];
    const tokens = await Promise.all(
      Array.from({ length: fresh ? count : 1 }, () => sign(algorithm, userId)),
    );
    return Array.from({ length: count }, (_, n) => {
      const path = `/api/${userId}/tasks/${taskId(0, n % tasksPerUser)}`;
      return encode('GET', path, tokens[n % tokens.length] as string);
    });
  };
}
