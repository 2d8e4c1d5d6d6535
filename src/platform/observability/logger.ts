import { hash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import pino, { type DestinationStream, type Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { errorSerializer } from './errors';
import { requestContext } from './request-context';
import { standardOutput } from './standard-output';

export interface LoggerOptions {
  readonly level: string;
  /** Lines for people rather than JSON. */
  readonly pretty: boolean;
  /** Where the lines go, unless they are for people; standard output unless given. */
  readonly destination?: DestinationStream;
}

/** Makes the service's logger: JSON lines, or lines for people. */
export function createLogger({ level, pretty, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorSerializer() },
  };
  if (pretty) return pino({ ...options, transport: { target: 'pino-pretty' } });
  return pino(options, destination ?? standardOutput());
}

// Short, and nothing that could break a log line or a header.
const requestIdPattern = /^[\w.:-]{1,128}$/;
// W3C Trace Context, section 3.2.
const traceparentPattern = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The request's own id if it is well-formed, else its trace id, else a new one. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  if (typeof given === 'string' && requestIdPattern.test(given)) return given;
  const trace = traceparentPattern.exec(String(request.headers.traceparent ?? ''))?.[1];
  return trace ?? randomUUID().replaceAll('-', '');
}

/** A user's name in the log: lines of one user can be found, and the id can't be read off them. */
export function hashUser(userId: string): string {
  return hash('sha256', userId, 'hex').slice(0, 16);
}

/**
 * Makes the middleware that gives each request its id and its logger, and writes one line when its response is done.
 * The line has no address, headers or body: those carry user ids, tokens and what people wrote.
 */
export function requestLogger(log: Logger) {
  const line = (request: IncomingMessage, response: ServerResponse, value: { responseTime: number }) => {
    const { operationId, userId, authentication, error } = requestContext(request);
    return {
      method: request.method,
      operation: operationId,
      status: response.statusCode,
      duration_ms: value.responseTime,
      user: userId === undefined ? undefined : hashUser(userId),
      authentication,
      // The client went away before it had the response.
      aborted: response.writableFinished ? undefined : true,
      // Why it failed: a failed request is one line.
      err: error,
    };
  };
  const failed = (request: IncomingMessage, response: ServerResponse) =>
    response.statusCode >= 500 || requestContext(request).error !== undefined;
  return pinoHttp<IncomingMessage, ServerResponse>({
    logger: log,
    genReqId(request, response) {
      const id = requestId(request);
      response.setHeader('X-Request-Id', id);
      return id;
    },
    // The request itself, of which its id is kept: pino-http's own reqId would take a second child logger.
    customAttributeKeys: { req: 'request_id' },
    wrapSerializers: false,
    serializers: { request_id: (request: IncomingMessage) => request.id },
    customSuccessObject: line,
    customErrorObject: (request, response, _error, value) => line(request, response, value),
    customSuccessMessage: () => 'request',
    customErrorMessage: () => 'request',
    customLogLevel: (request, response) => (failed(request, response) ? 'error' : 'info'),
  });
}
