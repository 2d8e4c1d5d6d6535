import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { oneAtATime } from '../../edge/pipelining';
import { limitWrites, type WriteLimits } from '../../edge/write-limits';
import { type ProblemCode, problemBody } from '../document/problems';

const maxHeaderBytes = 16 * 1024;

/** How slow a client may be. */
export interface ServerLimits {
  /** Milliseconds that a client has to send its headers. */
  readonly headersTimeoutMs: number;
  /** Milliseconds that a client has to send all of a request. */
  readonly requestTimeoutMs: number;
  readonly writes: WriteLimits;
}

const codes: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'content-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** Answers what Node's parser gave up on, in the contract's form; there is no request to answer it through. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const id = uuidv7().replaceAll('-', '');
  const body = problemBody(codes[error.code ?? ''] ?? 'malformed-request', id);
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${body.status} ${body.title}`,
      'Connection: close',
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(text)}`,
      `X-Request-Id: ${id}`,
      '',
      text,
    ].join('\r\n'),
  );
}

/** Makes the HTTP server around the app, with limits on what a client may send, and how slowly it sends and reads. */
export function createServer(
  app: RequestListener,
  { headersTimeoutMs, requestTimeoutMs, writes }: ServerLimits,
  log: Logger,
): Server {
  const { listener, isSilent } = oneAtATime(app);
  const server = createHttpServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // How often Node looks for those who took too long.
      connectionsCheckingInterval: Math.min(headersTimeoutMs, requestTimeoutMs) / 2,
      keepAliveTimeout: 65_000,
      // The app refuses a request without one, with a body that says so.
      requireHostHeader: false,
    },
    listener,
  );
  server.on('clientError', (error, socket) => {
    // In the middle of another answer, or before one that is due first, the client would take it for that answer.
    if (isSilent(socket)) answerClientError(error, socket);
    else socket.destroy();
  });
  limitWrites(server, writes, log);
  return server;
}
