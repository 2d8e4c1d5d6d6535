import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { type ProblemCode, problemBody } from './contract/problems';

const maxHeaderBytes = 16 * 1024;
// A client gets this long to send its headers, and this long to send all of a request.
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;

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
export function createServer(app: RequestListener): Server {
  const server = createHttpServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: 65_000,
      // The app refuses a request without one, with a body that says so.
      requireHostHeader: false,
    },
    app,
  );
  server.on('clientError', answerClientError);
  return server;
}
