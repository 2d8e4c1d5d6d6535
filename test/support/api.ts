/** Requests to a running service, each response of which is checked against the contract. */
import type { IncomingMessage } from 'node:http';
import request from 'supertest';
import { assertDescribed } from './response-check';

export interface RequestOptions {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is a string or bytes. */
  readonly body?: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: what a test expects of a body is the test's to say.
export type Body = any;

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** Sends a request to the service at `base` and fails if the contract does not have the response. */
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
  // Superagent would turn a string into a form, and parse what it does not know as nothing.
  sending = sending.buffer(true).parse((response, done) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => done(null, Buffer.concat(chunks)));
    // A stream has no end: its beginning is what a test gets, and then it has left.
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
