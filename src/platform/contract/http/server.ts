import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { oneAtATime } from '../../edge/pipelining';
import { limitWrites, type WriteLimits } from '../../edge/write-limits';
import { type ProblemCode, problemBody } from '../document/problems';

const maxHeaderBytes = 16 * 1024;

/** How slow clients may be. */
export interface ServerLimits {
  /** Milliseconds in which a client must send its headers. */
  readonly headersTimeoutMs: number;
  /** Milliseconds in which a client must send the whole request. */
  readonly requestTimeoutMs: number;
  readonly writes: WriteLimits;
}

const codes: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'content-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** Answers a request that Node's parser refused, as a problem of the contract. There is no request object. */
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

/** Makes the HTTP server of the app, with limits on what clients send and on how slowly they send and read. */
export function createServer(
  app: RequestListener,
  { headersTimeoutMs, requestTimeoutMs, writes }: ServerLimits,
  log: Logger,
): Server {
  const { listener, canAnswer } = oneAtATime(app);
  const server = createHttpServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // How often Node checks for clients that took too long.
      connectionsCheckingInterval: Math.min(headersTimeoutMs, requestTimeoutMs) / 2,
      keepAliveTimeout: 65_000,
      // The app itself refuses a request without Host, with a problem body.
      requireHostHeader: false,
    },
    listener,
  );
  server.on('clientError', (error, socket) => {
    // During another response, or before an earlier response is sent, the client would take this as part of that
    // response.
    if (canAnswer(socket)) answerClientError(error, socket);
    else socket.destroy();
  });
  limitWrites(server, writes, log);
  return server;
}
