/** The contract's operations as an Express router: the only place that builds a call and that sends a reply. */
import {
  type ErrorRequestHandler,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from 'express';
import type { Logger } from 'pino';
import { StaleToken, type WithUser } from '../database/lane';
import { requestFacts } from '../observability/request-facts';
import { type Admission, admit, admitAnyone, refuseToken } from './admission';
import { type BodyReader, bodyReader } from './body';
import type { BodyLimit, Contract, Method, Operation } from './contract';
import { type EventSubscriber, eventStreamHeaders, openEventStream } from './event-stream';
import type { Handlers } from './operations';
import { type ProblemCode, ProblemError, type ProblemMembers, problemBody } from './problems';
import { sendStream } from './stream';
import { createValidators, type OperationValidator } from './validator';

export interface RouterDependencies extends Admission {
  readonly contract: Contract;
  readonly handlers: Handlers;
  /** The lane of a user; called with the caller's own id, never with one from the request. */
  readonly withUser: WithUser;
  /** Whether a fault means that something we depend on is out of reach: 503 rather than 500. */
  isUnavailable(error: unknown): boolean;
  readonly maxBodyBytes: Readonly<Record<BodyLimit, number>>;
  /** Answer a response that breaks the contract with 500, or log it and send it. */
  readonly invalidResponses: 'reject' | 'report';
}

/** What `call.reply` makes. */
interface Result {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What `call.stream` makes. */
interface StreamedResult extends Result {
  readonly body: object;
  readonly streamed: true;
}

/** What `call.eventStream` makes. */
interface EventStreamResult extends Result {
  readonly subscriber: EventSubscriber;
}

/** What `call.fail` makes. */
interface Failure {
  readonly code: ProblemCode;
  readonly members: ProblemMembers;
}

type Outcome = Result | StreamedResult | EventStreamResult | Failure;

/** A call before the types of its operation are put on it. */
type UntypedHandler = (call: object) => Promise<Outcome>;

const retryAfterSeconds = 5;

function sendProblem(
  response: Response,
  code: ProblemCode,
  members: ProblemMembers = {},
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = problemBody(code, String(response.req.id), members);
  // RFC 9110, section 10.2.3; the limits say themselves when they end.
  const later = (body.status === 429 || body.status === 503) && !response.hasHeader('Retry-After');
  if (later) response.set('Retry-After', String(retryAfterSeconds));
  response.status(body.status).set(headers).type('application/problem+json').json(body);
}

async function sendResult(
  response: Response,
  operation: Operation,
  outcome: Result | StreamedResult | EventStreamResult,
): Promise<void> {
  response.status(outcome.status);
  for (const [name, value] of Object.entries(outcome.headers)) {
    if (value !== undefined) response.setHeader(name, value as string);
  }
  if ('subscriber' in outcome) {
    response.type('text/event-stream');
    return openEventStream(response, outcome.subscriber);
  }
  if (outcome.body === undefined) return void response.end();
  const type = operation.responseTypes.get(String(outcome.status)) ?? 'application/json';
  response.type(type);
  if ('streamed' in outcome) await sendStream(response, outcome.body);
  else if (type.endsWith('json')) response.json(outcome.body);
  else response.send(outcome.body);
}

interface Stages {
  readonly operation: Operation;
  readonly validator: OperationValidator;
  readonly readBody: BodyReader;
  readonly handler: UntypedHandler;
}

/** One request of one operation, from the token to the reply. */
function serve(stages: Stages, dependencies: RouterDependencies): RequestHandler {
  const { operation, validator, readBody, handler } = stages;
  return async (request: Request, response: Response, next: NextFunction) => {
    requestFacts(request).operationId = operation.id;
    const identity = operation.scope
      ? await admit(operation, operation.scope, dependencies, request, response)
      : await admitAnyone(operation, dependencies, request, response);

    await readBody(request, response);
    const errors = await validator.checkRequest(request, response);
    if (errors.length > 0) {
      const count = errors.length === 1 ? 'one fault' : `${errors.length} faults`;
      throw new ProblemError('validation-failed', { detail: `The request has ${count}.`, errors });
    }

    await validator.watchResponse(request, response, next);
    const outcome = await handler({
      path: request.params,
      query: request.query,
      headers: Object.fromEntries(operation.headerNames.map((name) => [name, request.headers[name]])),
      body: request.body,
      mediaType: request.headers['content-type'] ?? '',
      url: request.originalUrl,
      requestId: String(request.id),
      log: request.log,
      identity,
      lane: identity && dependencies.withUser(identity.userId, identity.issuedAt),
      reply: (status: number, body?: unknown, headers = {}): Outcome => ({ status, body, headers }),
      stream: (status: number, body: object, headers = {}): Outcome => ({
        status,
        body,
        headers,
        streamed: true,
      }),
      eventStream: (status: number, subscriber: EventSubscriber): Outcome => ({
        status,
        body: undefined,
        headers: eventStreamHeaders,
        subscriber,
      }),
      fail: (code: ProblemCode, members: ProblemMembers = {}): Outcome => ({ code, members }),
    });
    if ('code' in outcome) sendProblem(response, outcome.code, outcome.members);
    else await sendResult(response, operation, outcome);
  };
}

/** Express's spelling of a path of the contract: `/api/:user_id/tasks`. */
function expressPath(path: string): string {
  return path.replace(/\{([^}]+)\}/g, ':$1');
}

function allowedMethods(methods: readonly Method[]): string {
  const names = methods.map((method) => method.toUpperCase());
  return [...names, ...(names.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

/** OPTIONS says what the path takes; every other method that gets here is not allowed (RFC 9110, section 15.5.6). */
function otherMethods(allow: string): RequestHandler {
  return (request, response) => {
    if (request.method === 'OPTIONS') return void response.status(204).set('Allow', allow).end();
    throw new ProblemError(
      'method-not-allowed',
      { detail: `This address takes ${allow}.` },
      { Allow: allow },
    );
  };
}

// Express matches before anything else looks at the address, and fails on what does not decode.
const refuseMalformed: RequestHandler = (request, _response, next) => {
  // RFC 9112, section 3.2; Node would refuse it without a body.
  if (request.httpVersion === '1.1' && request.headers.host === undefined) {
    throw new ProblemError('malformed-request');
  }
  if (request.originalUrl.includes('%')) {
    try {
      decodeURIComponent(request.originalUrl);
    } catch {
      throw new ProblemError('malformed-url');
    }
  }
  next();
};

function sendFault(dependencies: RouterDependencies): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (response.headersSent) {
      request.log.error({ err: error }, 'fault after the headers were sent');
      return void response.destroy();
    }
    if (error instanceof StaleToken) {
      const { code, members, headers } = refuseToken(dependencies, request, error.reason);
      return sendProblem(response, code, members, headers);
    }
    if (error instanceof ProblemError) return sendProblem(response, error.code, error.members, error.headers);
    request.log.error({ err: error }, 'fault');
    sendProblem(response, dependencies.isUnavailable(error) ? 'service-unavailable' : 'internal-error');
  };
}

/**
 * Makes the router of the contract. Checks run in this order: address (400, 404, 405), limits and token (429, 401),
 * lane (403), body (413, 415, 400), contract (422), and then the handler's own.
 * @throws if the contract is not valid, or if it has an operation without a handler.
 */
export async function createContractRouter(dependencies: RouterDependencies, log: Logger): Promise<Router> {
  const { contract, handlers } = dependencies;
  const validators = await createValidators(contract, {
    onInvalidResponse(operation, faults) {
      log.error({ operationId: operation.id, faults }, 'response breaks the contract');
      if (dependencies.invalidResponses === 'reject') throw new Error('The response breaks the contract.');
    },
  });

  const router = Router({ caseSensitive: true, strict: true });
  router.use(refuseMalformed);
  for (const [path, operations] of Map.groupBy(contract.operations, (operation) => operation.path)) {
    const route = router.route(expressPath(path));
    for (const operation of operations) {
      const handler = handlers[operation.id] as unknown as UntypedHandler | undefined;
      const validator = validators.get(operation.id);
      if (!handler || !validator) throw new Error(`The contract's ${operation.id} has no handler.`);
      const readBody = bodyReader(operation, dependencies.maxBodyBytes[operation.bodyLimit]);
      route[operation.method](serve({ operation, validator, readBody, handler }, dependencies));
    }
    route.all(otherMethods(allowedMethods(operations.map((operation) => operation.method))));
  }
  router.use(() => {
    throw new ProblemError('not-found');
  });
  router.use(sendFault(dependencies));
  return router;
}
