/** Users who harm the service: one sends far too much, and one sends what no client should send. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostileAddress, hostileBodies, hostileHeaders, hostileParameters } from '../support/hostile';
import { exampleRequest, operations } from '../support/operations';
import type { SoakClient } from './client';
import type { Balancer } from './processes';

export interface Harmful {
  readonly userId: string;
  readonly client: SoakClient;
  readonly balancer: Balancer;
  readonly token: () => Promise<string>;
  readonly random: () => number;
  readonly isOver: () => boolean;
}

const clientsOfHeavy = 4;

/** Sends expensive requests without regard to its rate limit. */
export async function beHeavy({ userId, client, token, random, isOver }: Harmful): Promise<void> {
  const lane = `/api/${userId}`;
  const csv = (rows: number) =>
    `title\n${Array.from({ length: rows }, (_, n) => `Imported ${n} ${random()}`).join('\n')}\n`;
  const send = async (method: string, path: string, body?: unknown, headers = {}) =>
    client.send({
      userId,
      token: await token(),
      method,
      path: lane + path,
      body,
      headers,
      cutMs: random() < 0.1 ? 1 + random() * 200 : undefined,
      random,
    });
  const batch = () => ({
    operations: Array.from({ length: 100 }, () => ({ op: 'create_task', task: { title: randomUUID() } })),
  });
  const choices = [
    () => send('GET', '/tasks?limit=200&sort=-title,priority'),
    () => send('GET', '/tasks?q=improted'),
    () => send('GET', '/export'),
    () => send('GET', '/stats'),
    () => send('GET', '/activity?limit=200&include_total=true'),
    () => send('POST', '/batch', batch()),
    () => send('POST', '/import.csv', csv(300), { 'Content-Type': 'text/csv' }),
    () => send('POST', '/tasks', { title: 'x'.repeat(200), description: 'y'.repeat(10_000) }),
    () => send('GET', '/sync'),
  ];
  await Promise.all(
    Array.from({ length: clientsOfHeavy }, async () => {
      while (!isOver()) {
        await choices[Math.floor(random() * choices.length)]?.();
        // Its lane must stay small, or its requests would be the only ones.
        if (random() < 0.03) await send('DELETE', '');
        await sleep(random() * 100);
      }
    }),
  );
}

/** Sends malformed requests, and opens connections on which it sends or reads nothing. */
export async function beHostile({ userId, client, balancer, token, random, isOver }: Harmful): Promise<void> {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const lanes = operations.filter((each) => each.path.startsWith('/api/'));
  async function malformed(): Promise<void> {
    const operation = pick(lanes);
    const kind = pick(['body', 'parameters', 'headers'] as const);
    const { headers, body, ...rest } = pick(
      kind === 'headers'
        ? hostileHeaders
        : kind === 'body'
          ? [...hostileBodies(operation), { what: 'nothing' }]
          : hostileParameters(operation),
    );
    const request = exampleRequest(operation);
    const hasType = body !== undefined || request.body !== undefined;
    await client.send({
      userId,
      token: random() < 0.1 ? 'not a token' : await token(),
      method: operation.method.toUpperCase(),
      path: hostileAddress(operation, rest, userId),
      headers: { ...(hasType && request.headers), ...headers },
      body: body ?? request.body,
      random,
      // Node's parser answers some of them.
      isChecked: kind === 'body',
    });
  }
  /** Sends part of a request and waits, or reads nothing of a large answer. */
  async function stall(): Promise<void> {
    const instance = balancer.pick(random);
    if (!instance) return;
    const { port } = new URL(instance.url);
    const socket = connect(Number(port), '127.0.0.1').pause();
    socket.on('error', () => undefined);
    const isReader = random() < 0.5;
    socket.write(
      `GET /api/${userId}/${isReader ? 'events' : 'tasks'} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.9.9.9\r\n` +
        (isReader ? `Authorization: Bearer ${await token()}\r\n\r\n` : 'X-Sl'),
    );
    await sleep(500 + random() * 3_000);
    socket.destroy();
  }
  await Promise.all([
    (async () => {
      while (!isOver()) {
        await malformed();
        await sleep(100 + random() * 300);
      }
    })(),
    ...Array.from({ length: 3 }, async () => {
      while (!isOver()) {
        await stall();
        await sleep(random() * 1_000);
      }
    }),
  ]);
}
