/** A receiver of webhooks on the loopback interface, with answers from a test. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The answer to a request: a status, or a function that writes the response. */
export type Answer = number | ((response: ServerResponse, received: Received) => void);

export interface Receiver {
  /** The URL, without a slash at the end. */
  readonly url: string;
  /** `127.0.0.1:port`, for WEBHOOK_ALLOWED_HOSTS. */
  readonly host: string;
  /** The requests so far, in order. */
  readonly received: Received[];
  /** The answers to the next requests, before `answer`. */
  answers: Answer[];
  /** The answer to all other requests; 204 by default. */
  answer: Answer;
  /** Waits until `count` requests have arrived. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Never answers. */
export const hang: Answer = () => undefined;

/** Breaks the connection off without an answer. */
export const breakOff: Answer = (response) => void response.socket?.destroy();

/** Opens a receiver on a free port. */
export async function openReceiver(): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const one = { path: String(request.url), headers: request.headers, body };
    receiver.received.push(one);
    const answer = receiver.answers.shift() ?? receiver.answer;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else answer(response, one);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const receiver: Receiver = {
    url: `http://${host}`,
    host,
    received: [],
    answers: [],
    answer: 204,
    async arrived(count) {
      await until(() => receiver.received.length >= count);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}
