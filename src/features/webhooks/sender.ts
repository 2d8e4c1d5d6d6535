/** One request to a webhook: bounded in time and size, to where it may go, and nowhere else. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { readRetryAfter } from './retries';
import { type Target, TargetError, type Targets } from './targets';

export type SendError =
  | 'unresolvable'
  | 'refused-address'
  | 'unreachable'
  | 'tls'
  | 'timeout'
  | 'too-large'
  | 'broken-off';

/** How a request went. */
export interface Attempt {
  /** When it began, ISO 8601. */
  readonly at: string;
  readonly duration_ms: number;
  /** The answer's status; null if there was none. */
  readonly status: number | null;
  /** Why there was none. */
  readonly error: SendError | null;
  /** The beginning of the answer's body. */
  readonly response: string | null;
}

export interface Sent {
  readonly attempt: Attempt;
  /** Milliseconds that the receiver wants to be left alone. */
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
/** Bytes of one head: the status line and headers, or trailers. */
const maxHeadBytes = 16_384;
/** Bytes that a connection may bring before its request ends: TLS, informational responses, heads, the body's beginning. */
const maxBytes = 131_072;
/** Informational responses (1xx) before the answer. */
const maxInformational = 8;
// Bytes that TLS keeps to itself, such as session tickets, reach no listener.
const byteCheckMs = 50;

/** The answer is larger than an answer to a webhook may be. */
class TooLargeError extends Error {}

// The TCP connection beneath each TLS connection: only that one counts what TLS keeps to itself.
const carriers = new WeakMap<Socket, Socket>();

/** Connects by TLS over a connection of its own, so that its bytes are counted. */
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

// One connection a request: a kept one may be closed just when it is used again. Agents of their own heed no proxy.
const agents = { 'http:': new HttpAgent(), 'https:': new CountingHttpsAgent() };

/** The text that bytes are, without what a log should not show; a character that was cut off is left out. */
function toText(bytes: Buffer): string {
  const text = new TextDecoder().decode(bytes, { stream: true });
  return text.replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd');
}

/** Reads the beginning of a body. The status is known by then, so whatever ends it is no fault. */
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

/** Calls `exceeded`, once or several times, when a request's connection has brought more bytes than it may. */
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
  { url, lookup }: Target,
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
    // A switch of protocols that nobody asked for is an answer that says nothing.
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
  if (error instanceof TargetError) return error.code;
  if (error instanceof TooLargeError) return 'too-large';
  if (signal.aborted) return 'timeout';
  const code = String((error as NodeJS.ErrnoException).code);
  if (code === 'HPE_HEADER_OVERFLOW') return 'too-large';
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'unresolvable';
  if (unreachable.test(code)) return 'unreachable';
  return tls.test(code) ? 'tls' : 'broken-off';
}

/** Makes the function that sends; a request may take `timeoutMs` in all. */
export function createSender(targets: Targets, timeoutMs: number): Send {
  return async (url, headers, body) => {
    const [at, began] = [new Date().toISOString(), performance.now()];
    const signal = AbortSignal.timeout(timeoutMs);
    const attempt = (outcome: Pick<Attempt, 'status' | 'error' | 'response'>): Attempt => ({
      at,
      duration_ms: Math.round(performance.now() - began),
      ...outcome,
    });
    try {
      const { status, response, retryAfter } = await exchange(targets.open(url), headers, body, signal);
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
