import { hash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import pino, { type DestinationStream, type Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { errorSerializer } from './errors';
import { requestContext } from './request-context';
import { standardOutput } from './standard-output';

export interface LoggerOptions {
  readonly level: string;
  /** Whether to write lines for people instead of JSON. */
  readonly pretty: boolean;
  /** The destination of JSON lines; by default standard output. */
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

// Short, and without characters that could break a log line or a header.
const requestIdPattern = /^[\w.:-]{1,128}$/;
// W3C Trace Context, section 3.2.
const traceparentPattern = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The request's own id if it is well-formed, else its trace id, else a new id. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  if (typeof given === 'string' && requestIdPattern.test(given)) return given;
  const trace = traceparentPattern.exec(String(request.headers.traceparent ?? ''))?.[1];
  return trace ?? randomUUID().replaceAll('-', '');
}

/** The hash of a user id for the log. It identifies the lines of one user, but does not contain the id. */
export function hashUser(userId: string): string {
  return hash('sha256', userId, 'hex').slice(0, 16);
}

/**
 * Makes the middleware that gives each request its id and logger, and logs one line when the response is done. The
 * line has no address, headers or body, because those contain user ids, tokens and texts of users.
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
      // The client disconnected before it got the whole response.
      aborted: response.writableFinished ? undefined : true,
      // The error of the request. A failed request is one line too.
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
    // The serializer logs only the request's id. pino-http's own reqId would need a second child logger.
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
