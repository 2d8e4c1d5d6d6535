import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { type ProblemCode, problemBody } from './contract/problems';

const maxHeaderBytes = 16 * 1024;

/** Milliseconds that a client has to send its headers, and all of a request. */
export interface Timeouts {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
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

/** Makes the HTTP server around the app, with limits on what a client may send and how slowly. */
export function createServer(app: RequestListener, { headersTimeoutMs, requestTimeoutMs }: Timeouts): Server {
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
    app,
  );
  server.on('clientError', answerClientError);
  return server;
}
