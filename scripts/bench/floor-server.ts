/**
 * The floor: a handwritten server on node:http and pg. It sends one prepared statement per request, and neither validates
 * nor logs.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createVerifier, openFloor } from './floor';
import { answerWithCpuTime } from './processes';
import { secret } from './workload';

const tasks = openFloor(process.env.FLOOR_DATABASE_URL as string);
const verify = createVerifier(secret);

async function answer(request: IncomingMessage): Promise<[number, unknown]> {
  const [path, query] = (request.url as string).split('?') as [string, string | undefined];
  const [, , userId = '', , id] = path.split('/');
  if (verify(request.headers.authorization) !== userId) return [403, {}];
  if (request.method === 'POST') return [201, await tasks.create(userId, JSON.parse(await text(request)))];
  if (id === undefined) {
    const limit = Number(new URLSearchParams(query).get('limit'));
    const rows = await tasks.list(userId, limit + 1);
    return [200, { items: rows.slice(0, limit), next_cursor: null }];
  }
  const task =
    request.method === 'PATCH'
      ? await tasks.rename(userId, id, JSON.parse(await text(request)).title)
      : await tasks.get(userId, id);
  return task ? [200, task] : [404, {}];
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request);
  const json = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(json),
  });
  response.end(json);
});
server.listen(0, '127.0.0.1', () => answerWithCpuTime((server.address() as AddressInfo).port));
