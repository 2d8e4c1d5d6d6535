/** Sends one request to a webhook. Its time and size are limited, and the egress policy decides whether its address is allowed. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Destination, EgressError, type EgressPolicy } from './egress-policy';
import { readRetryAfter } from './retries';

export type SendError =
  | 'unresolvable'
  | 'refused-address'
  | 'unreachable'
  | 'tls'
  | 'timeout'
  | 'too-large'
  | 'broken-off';

/** The result of a request. */
export interface Attempt {
  /** When the request began, ISO 8601. */
  readonly at: string;
  readonly duration_ms: number;
  /** The status of the response; null if there was none. */
  readonly status: number | null;
  /** Why there was no response; null if there was one. */
  readonly error: SendError | null;
  /** The beginning of the response's body. */
  readonly response: string | null;
}

export interface Sent {
  readonly attempt: Attempt;
  /** The pause that the receiver asked for, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** Sends a body to an address; never rejects. */
export type Send = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<Sent>;

interface Answer {
  readonly status: number;
  readonly response: string;
  readonly retryAfter: string | undefined;
}

const excerptBytes = 1_024;
/** The maximum number of bytes of a status line with headers, or of trailers. */
const maxHeadBytes = 16_384;
/**
 * The maximum number of bytes that a connection receives for a request: TLS, informational responses, headers, and the
 * beginning of the body.
 */
const maxBytes = 131_072;
/** The maximum number of informational responses (1xx) before the response. */
const maxInformational = 8;
// The interval of a check of the number of bytes. Bytes of TLS itself, such as session tickets, emit no event.
const byteCheckMs = 50;

/** The response is too large. */
class TooLargeError extends Error {}

// The TCP connection below each TLS connection. Only the TCP connection counts the bytes of TLS itself.
const carriers = new WeakMap<Socket, Socket>();

/** Opens the TCP connection below TLS itself, so that its bytes can be counted. */
class CountingHttpsAgent extends HttpsAgent {
  override createConnection(
    options: AgentOptions & TcpNetConnectOpts,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Socket {
    const carrier = connect(options);
    const socket = super.createConnection(
      { ...options, socket: carrier } as AgentOptions,
      callback,
    ) as Socket;
    socket.once('close', () => carrier.destroy());
    carriers.set(socket, carrier);
    return socket;
  }
}

// Each request has its own connection, because a receiver can close a kept connection at the moment of the next request.
// These agents ignore the proxy settings of the environment.
const agents = { 'http:': new HttpAgent(), 'https:': new CountingHttpsAgent() };

/** Decodes UTF-8. Control characters become U+FFFD, and an incomplete character at the end is left out. */
function toText(bytes: Buffer): string {
  const text = new TextDecoder().decode(bytes, { stream: true });
  return text.replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd');
}

/** Reads the beginning of a body. An incomplete body is not an error, because the status is already known. */
function readExcerpt(response: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = () => {
    response.destroy();
    done(toText(Buffer.concat(chunks).subarray(0, excerptBytes)));
  };
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= excerptBytes) finish();
  });
  response.once('end', finish);
  response.once('error', finish);
  response.once('close', finish);
}

/** Calls `exceeded`, once or several times, when the connection of a request has received more than `maxBytes`. */
function limitBytes(request: ClientRequest, exceeded: () => void): void {
  request.once('socket', (socket) => {
    const counted = carriers.get(socket) ?? socket;
    const check = () => {
      if (counted.bytesRead > maxBytes) exceeded();
    };
    const checks = setInterval(check, byteCheckMs);
    socket.on('data', check);
    socket.once('close', () => clearInterval(checks));
  });
}

function exchange(
  { url, lookup }: Destination,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const protocol = url.protocol as keyof typeof agents;
    const send = protocol === 'https:' ? httpsRequest : httpRequest;
    const options = { method: 'POST', headers, lookup, signal, maxHeaderSize: maxHeadBytes };
    const request = send(url, { ...options, agent: agents[protocol] });
    let answer: IncomingMessage | undefined;
    const fail = (error: Error) => {
      reject(error);
      request.destroy();
    };
    request.on('error', (error) => {
      if (!answer) reject(error);
    });
    let informational = 0;
    request.on('information', () => {
      if (++informational > maxInformational) fail(new TooLargeError());
    });
    limitBytes(request, () => (answer ? answer.destroy() : fail(new TooLargeError())));
    // The request asked for no other protocol, so such a response has no body.
    request.once('upgrade', (message, socket) => {
      socket.destroy();
      resolve({ status: message.statusCode as number, response: '', retryAfter: undefined });
    });
    request.once('response', (message) => {
      answer = message;
      readExcerpt(message, (response) => {
        resolve({
          status: message.statusCode as number,
          response,
          retryAfter: message.headers['retry-after'],
        });
      });
    });
    request.end(body);
  });
}

const unreachable = /^E(CONNREFUSED|HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN|TIMEDOUT|ADDRNOTAVAIL|ACCES)$/;
const tls =
  /CERT|^(?:ERR_TLS_|ERR_SSL_|UNABLE_TO_)|^(?:EPROTO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)$/;

function toSendError(error: unknown, signal: AbortSignal): SendError {
  if (error instanceof EgressError) return error.code;
  if (error instanceof TooLargeError) return 'too-large';
  if (signal.aborted) return 'timeout';
  const code = String((error as NodeJS.ErrnoException).code);
  if (code === 'HPE_HEADER_OVERFLOW') return 'too-large';
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'unresolvable';
  if (unreachable.test(code)) return 'unreachable';
  return tls.test(code) ? 'tls' : 'broken-off';
}

/** Creates the function that sends requests. Each request may take `timeoutMs` in total. */
export function createSender(egress: EgressPolicy, timeoutMs: number): Send {
  return async (url, headers, body) => {
    const [at, began] = [new Date().toISOString(), performance.now()];
    const signal = AbortSignal.timeout(timeoutMs);
    const attempt = (outcome: Pick<Attempt, 'status' | 'error' | 'response'>): Attempt => ({
      at,
      duration_ms: Math.round(performance.now() - began),
      ...outcome,
    });
    try {
      const { status, response, retryAfter } = await exchange(egress.open(url), headers, body, signal);
      return {
        attempt: attempt({ status, error: null, response }),
        retryAfterMs: readRetryAfter(retryAfter, Date.now()),
      };
    } catch (error) {
      const failed = { status: null, error: toSendError(error, signal), response: null };
      return { attempt: attempt(failed), retryAfterMs: null };
    }
  };
}
