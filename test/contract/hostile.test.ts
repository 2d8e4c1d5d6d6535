/** Any request costs the service little CPU time and memory. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import type { Operation } from '../../src/platform/contract/document/contract';
import {
  type HostileRequest,
  hostileAddress,
  hostileBodies,
  hostileHeaders,
  hostileParameters,
} from '../support/hostile';
import { operations } from '../support/operations';
import { useTestService } from '../support/service';
import { makeUser, type TestUser } from '../support/user';

const maxCpuMs = 100;
const maxAnswerBytes = 100 * 1_400;
// The smallest value counts, because other processes use the machine too.
const tries = 5;

const service = useTestService({ RATE_LIMIT: 'off', LOG_LEVEL: 'silent' });

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Reads a response to its end; an event stream has no end. */
async function read(response: IncomingMessage): Promise<string> {
  if (response.headers['content-type']?.startsWith('text/event-stream')) {
    response.destroy();
    return '';
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function send(
  operation: Operation,
  hostile: HostileRequest,
  user: TestUser,
  body: Buffer | undefined,
  isZipped: boolean,
): Promise<Answer> {
  const sending = httpRequest(service.url, {
    method: operation.method.toUpperCase(),
    path: hostileAddress(operation, hostile, user.id),
    headers: {
      authorization: `Bearer ${user.token}`,
      ...(body && {
        'content-type': operation.mediaTypes.find((each) => each.endsWith('json')),
        'content-length': body.length,
        ...(isZipped && { 'content-encoding': 'gzip' }),
      }),
      ...hostile.headers,
    },
  });
  sending.end(body);
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await read(response) };
}

/** Describes what is wrong with the response to a request; undefined if it is right. */
async function errorOf(
  operation: Operation,
  hostile: HostileRequest,
  user: TestUser,
  isZipped = false,
): Promise<string | undefined> {
  const body = hostile.body === undefined ? undefined : Buffer.from(hostile.body);
  const bytes = body && isZipped ? gzipSync(body) : body;
  const what = `${operation.id} ${hostile.what}${isZipped ? ', gzipped' : ''}`;
  const costs: number[] = [];
  do {
    const before = process.cpuUsage();
    const { status, body: answer } = await send(operation, hostile, user, bytes, isZipped);
    const { user: inUser, system } = process.cpuUsage(before);
    costs.push((inUser + system) / 1_000);
    if (status < 200 || status >= 500) return `${what}: ${status}`;
    if (status < 400) continue;
    const { errors = [] } = JSON.parse(answer || '{}');
    if (errors.length > 100 || answer.length > maxAnswerBytes) {
      return `${what}: ${status} with ${errors.length} errors in ${answer.length} bytes`;
    }
  } while (Math.min(...costs) >= maxCpuMs && costs.length < tries);
  const cost = Math.min(...costs);
  return cost < maxCpuMs ? undefined : `${what}: ${Math.round(cost)} ms`;
}

async function errorsOf(operation: Operation, all: readonly HostileRequest[]): Promise<string[]> {
  const user = await makeUser(service.url);
  const found: (string | undefined)[] = [];
  for (const each of all) found.push(await errorOf(operation, each, user));
  return found.filter((each) => each !== undefined);
}

const named = operations.map((operation) => [operation.id, operation] as const);
const byId = (id: string) => operations.find((each) => each.id === id) as Operation;

test.each(named)(
  'the parameters of %s cost little',
  async (_id, operation) => {
    expect(await errorsOf(operation, hostileParameters(operation))).toEqual([]);
  },
  120_000,
);

test.each(named.filter(([, operation]) => hostileBodies(operation).length > 0))(
  'the body of %s costs little',
  async (_id, operation) => {
    expect(await errorsOf(operation, hostileBodies(operation))).toEqual([]);
  },
  240_000,
);

test('gzipped bodies cost little', async () => {
  const found: string[] = [];
  for (const id of ['createTask', 'applyBatch']) {
    const user = await makeUser(service.url);
    for (const each of hostileBodies(byId(id)).filter(({ body = '' }) => body.length > 10_000)) {
      found.push((await errorOf(byId(id), each, user, true)) ?? '');
    }
  }
  expect(found.filter((each) => each !== '')).toEqual([]);
}, 240_000);

test.each(['getTask', 'updateTask', 'createTask', 'readCalendarFeed', 'streamEvents', 'getLiveness'])(
  'the headers of %s cost little',
  async (id) => {
    const operation = byId(id);
    expect(await errorsOf(operation, hostileHeaders)).toEqual([]);
  },
  120_000,
);

test('memory does not grow', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const heapUsed = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const [create, batch] = [byId('createTask'), byId('applyBatch')];
  const round = async () => {
    await errorsOf(create, hostileBodies(create));
    await errorsOf(batch, hostileBodies(batch).slice(0, 100));
  };
  await round();
  const before = heapUsed();
  await round();
  expect(heapUsed() - before).toBeLessThan(8 * 1024 * 1024);
}, 240_000);
