/**
 * The baseline: a handwritten server on node:http and pg, with one prepared statement per request and without checks. With
 * the argument `verify` it verifies the token of each request with jose.
 */
import { createSecretKey } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { jwtVerify } from 'jose';
import { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { toTask } from '../../src/features/tasks/mapper';
import { schema, type TaskRow } from '../../src/platform/database/rows';
import { laneOf } from './lanes';
import { answerWithCpuTime } from './processes';
import { secret } from './workload';

const verifiesTokens = process.argv[2] === 'verify';
const key = createSecretKey(secret, 'utf8');
const pool = new Pool({ connectionString: process.env.DATABASE_URL as string, max: 10 });

async function query(name: string, statement: string, values: unknown[]): Promise<TaskRow[]> {
  return (await pool.query<TaskRow>({ name, text: statement, values })).rows;
}

async function isCaller(request: IncomingMessage, userId: string): Promise<boolean> {
  const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
  return (await jwtVerify(token, key, { algorithms: ['HS256'] })).payload.sub === userId;
}

async function getTask(userId: string, id: string): Promise<[number, unknown]> {
  const statement = `select * from ${schema}.tasks where lane_id = ${laneOf('$1')} and id = $2`;
  const [row] = await query('get', statement, [userId, id]);
  return row ? [200, toTask(userId, row)] : [404, null];
}

async function listTasks(userId: string, limit: number): Promise<[number, unknown]> {
  const statement = `select * from ${schema}.tasks where lane_id = ${laneOf('$1')} order by created_at desc, id desc limit $2`;
  const rows = await query('list', statement, [userId, limit]);
  return [200, { items: rows.map((row) => toTask(userId, row)), next_cursor: null, total: null }];
}

async function createTask(userId: string, request: IncomingMessage): Promise<[number, unknown]> {
  const { title, priority } = JSON.parse(await text(request));
  const statement = `insert into ${schema}.tasks (lane_id, id, title, priority) values (${laneOf('$1')}, $2, $3, $4) returning *`;
  const [row] = await query('create', statement, [userId, uuidv7(), title, priority]);
  return [201, toTask(userId, row as TaskRow)];
}

async function answer(request: IncomingMessage): Promise<[number, unknown]> {
  const url = new URL(request.url as string, 'http://localhost');
  const [, , userId = '', , id] = url.pathname.split('/');
  if (verifiesTokens && !(await isCaller(request, userId))) return [403, null];
  if (request.method === 'POST') return createTask(userId, request);
  return id === undefined ? listTasks(userId, Number(url.searchParams.get('limit'))) : getTask(userId, id);
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request);
  const json = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(json),
  });
  response.end(json);
});
server.listen(0, '127.0.0.1', () => answerWithCpuTime((server.address() as AddressInfo).port));
