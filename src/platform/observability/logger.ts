import { hash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import pino, { type DestinationStream, type Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { boundedCache } from '../bounded-cache';
import { errorSerializer } from './errors';
import type { Metrics } from './metrics/metrics';
import { requestContext } from './request-context';
import { standardOutput } from './standard-output';

export interface LoggerOptions {
  readonly level: string;
  /** Whether to write lines for people instead of JSON. */
  readonly pretty: boolean;
  /** The destination of JSON lines; by default standard output. */
  readonly destination?: DestinationStream;
  /** Members of each line. */
  readonly base?: Readonly<Record<string, unknown>>;
}

/** Makes the service's logger: JSON lines, or lines for people. */
export function createLogger({ level, pretty, destination, base }: LoggerOptions): Logger {
  const options = {
    level,
    base: base ?? null,
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

// New ids are a random half for this process, and a number that counts from a random start. Randomness for each id
// would cost more, and ids only need to be unique.
const idPrefix = randomBytes(8).toString('hex');
let lastId = randomBytes(4).readUInt32BE();

function newId(): string {
  lastId++;
  return idPrefix + lastId.toString(16).padStart(16, '0');
}

/** The request's own id if it is well-formed, else its trace id, else a new id. */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && requestIdPattern.test(given)) return given;
  const { traceparent } = headers;
  return (typeof traceparent === 'string' && traceparentPattern.exec(traceparent)?.[1]) || newId();
}

// The hashes of the latest users: each costs more than its line.
const hashes = boundedCache<string>(10_000);

/** The hash of a user id for the log. It identifies the lines of one user, but does not contain the id. */
export function hashUser(userId: string): string {
  const known = hashes.get(userId);
  if (known !== undefined) return known;
  const made = hash('sha256', userId, 'hex').slice(0, 16);
  hashes.set(userId, made);
  return made;
}

const ignore = () => undefined;
// Load balancers ask every second. The service logs when the result changes.
const healthChecks = new Set(['getLiveness', 'getReadiness', 'getStartup']);
// The client disconnected before the answer. The number is that of nginx.
const clientClosedRequest = 499;

export interface RequestLogger {
  /** Gives the request its id, and logs one line when the response is done. */
  watch(request: IncomingMessage, response: ServerResponse): void;
  /** The logger whose lines have the request's id. It is made at the first call. */
  loggerOf(request: IncomingMessage, response: ServerResponse): Logger;
}

/**
 * Makes the logger of requests. The line of a request has no address, headers or body, because those contain user ids,
 * tokens and texts of users.
 */
export function requestLogger(log: Logger, metrics?: Metrics): RequestLogger {
  // A logger for each request would cost as much as the line, and few requests need one.
  const attach = pinoHttp<IncomingMessage, ServerResponse>({
    logger: log,
    // `watch` logs the line of the request.
    autoLogging: false,
    customLogLevel: () => 'silent',
    // The serializer logs only the request's id. pino-http's own reqId would need a second child logger.
    customAttributeKeys: { req: 'request_id' },
    wrapSerializers: false,
    serializers: { request_id: (request: IncomingMessage) => request.id },
  });

  function logLine(this: ServerResponse): void {
    const { req: request, statusCode: status } = this;
    const context = requestContext(request);
    const { operationId, userId, authentication, error } = context;
    const durationMs = performance.now() - context.since;
    const line = {
      request_id: request.id,
      method: request.method,
      operation: operationId,
      status,
      duration_ms: Math.round(durationMs),
      user: userId === undefined ? undefined : hashUser(userId),
      authentication,
      // The client disconnected before it got the whole response.
      aborted: this.writableFinished ? undefined : true,
      // The error of the request. A failed request is one line too.
      err: error,
    };
    const isHealthCheck = operationId !== undefined && healthChecks.has(operationId);
    if (error === undefined && isHealthCheck && (status < 500 || status === 503)) log.debug(line, 'request');
    else if (status >= 500 || error !== undefined) log.error(line, 'request');
    else log.info(line, 'request');
    metrics?.requestEnded(
      context.resource ?? operationId,
      this.headersSent ? status : clientClosedRequest,
      context.isEventStream ? null : durationMs,
      context.isReplay,
    );
  }

  return {
    watch(request, response) {
      request.id = requestId(request);
      requestContext(request);
      metrics?.requestBegan();
      response.on('close', logLine);
      // Without a listener, an error of a disconnected client would end the process.
      response.on('error', ignore);
    },
    loggerOf(request, response) {
      if (!request.log) attach(request, response);
      return request.log;
    },
  };
}
