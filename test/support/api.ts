/** Requests to a running service, with a check of each response against the contract. */
import type { IncomingMessage } from 'node:http';
import request from 'supertest';
import { assertDescribed } from './response-check';

export interface RequestOptions {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is a string or bytes. */
  readonly body?: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: each test expects its own form of body.
export type Body = any;

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** Sends a request to the service at `base`; fails if the response does not follow the contract. */
export async function send(
  base: string,
  method: string,
  path: string,
  { token, headers = {}, body }: RequestOptions = {},
): Promise<ApiResponse> {
  let sending = request(base)[method.toLowerCase() as 'get'](path).redirects(0);
  if (token !== undefined) sending = sending.set('Authorization', `Bearer ${token}`);
  if (body !== undefined) {
    if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
      sending = sending.set('Content-Type', 'application/json');
    }
  }
  for (const [name, value] of Object.entries(headers)) sending = sending.set(name, value);
  // Superagent would send a string as a form, and parse unknown types as empty.
  sending = sending.buffer(true).parse((response, done) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => done(null, Buffer.concat(chunks)));
    // A stream has no end: the test gets its beginning, and then disconnects.
    if (/^text\/event-stream/.test(response.headers?.['content-type'] ?? '')) {
      response.once('data', () => {
        done(null, Buffer.concat(chunks));
        (response as unknown as IncomingMessage).destroy();
      });
    }
  });
  const raw =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const response = await (raw === undefined
    ? sending
    : sending.serialize((each) => each as string).send(raw as string));
  const text = Buffer.isBuffer(response.body) ? response.body.toString() : (response.text ?? '');
  const json = /json\b/.test(response.headers['content-type'] ?? '');
  const parsed = text === '' ? undefined : json ? JSON.parse(text) : text;
  const observed = { status: response.status, headers: response.headers, body: parsed };
  assertDescribed(method, path, observed);
  return observed;
}
