/**
 * The Express router of the contract's operations. Only this file builds calls for handlers and sends their replies.
 */
import {
  type ErrorRequestHandler,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from 'express';
import type { Logger } from 'pino';
import type { Identity } from '../../auth/authenticator';
import { QuotaExceeded, StaleToken, type UserScope, type WithUser } from '../../database/lane';
import { requestContext } from '../../observability/request-context';
import { type BodyReader, bodyReader, negotiatedType } from '../bodies/body';
import type { Spool, SpooledBody } from '../bodies/spool';
import type { Contract, Method, Operation } from '../document/contract';
import { type Costs, surcharges } from '../document/cost';
import type { OperationId } from '../document/operations';
import { type ProblemCode, ProblemError, type ProblemMembers, problemBody } from '../document/problems';
import { redactorsOf } from '../document/secrets';
import type { Handlers } from '../http/call';
import { createValidators, type OperationValidator } from '../validation/validator';
import { type Admission, admit, answerPublic, charge, refuseToken } from './admission';
import { entityTagOf, matchesWeakly, type TagCondition, type Versioned } from './entity-tags';
import { type EventSubscriber, eventStreamHeaders, openEventStream } from './event-stream';
import { readIdempotentRequest } from './idempotency';
import type { EventStreamResult, Outcome, Replay, Result, StreamedResult } from './outcome';
import { carryOut, type LaneRequest, readConditions } from './safe-writes';
import { sendStream } from './stream';

export interface RouterDependencies extends Admission {
  readonly contract: Contract;
  readonly handlers: Handlers;
  /** Opens a user's lane. It is called with the authenticated caller's id, never with an id from the request. */
  readonly withUser: WithUser;
  /** Whether an error means that something that the service depends on is not available: 503 instead of 500. */
  isUnavailable(error: unknown): boolean;
  readonly maxBodyBytes: number;
  /** Stores the bodies of spooled operations. */
  readonly spool: Spool;
  /** Whether each request that can have an `If-Match` must have one. */
  readonly requireIfMatch: boolean;
  /** What to do with a response that violates the contract: answer 500 instead, or log it and send it. */
  readonly invalidResponses: 'reject' | 'report';
}

/** A handler without the types of its operation. */
type UntypedHandler = (call: object) => Promise<Outcome>;

const retryAfterSeconds = 5;

function sendProblem(
  response: Response,
  code: ProblemCode,
  members: ProblemMembers = {},
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = problemBody(code, String(response.req.id), members);
  // RFC 9110, section 10.2.3. Rate limits set their own `Retry-After`.
  const needsRetryAfter = (body.status === 429 || body.status === 503) && !response.hasHeader('Retry-After');
  if (needsRetryAfter) response.set('Retry-After', String(retryAfterSeconds));
  response.status(body.status).set(headers).type('application/problem+json').json(body);
}

/** Sets the headers of a reply. A deprecated operation already has a `Link`, to which the reply's own is added. */
function setHeaders(response: Response, headers: Result['headers']): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (name === 'Link') response.appendHeader(name, String(value));
    else response.setHeader(name, value as string);
  }
}

async function sendResult(
  response: Response,
  operation: Operation,
  outcome: Result | StreamedResult | EventStreamResult,
): Promise<void> {
  response.status(outcome.status);
  setHeaders(response, outcome.headers);
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

function sendReplay(response: Response, operation: Operation, { status, replayed }: Replay): void {
  const { headers, body } = replayed;
  response.status(status).set('Idempotency-Replayed', 'true');
  setHeaders(response, headers);
  if (body === null) return void response.end();
  response.type(operation.responseTypes.get(String(status)) ?? 'application/json').send(body);
}

/** Whether the client already has this result (RFC 9110, section 13.1.2). */
function isNotModified(outcome: Result, ifNoneMatch: TagCondition | null): boolean {
  const { ETag } = outcome.headers;
  return ifNoneMatch !== null && ETag !== undefined && matchesWeakly(ifNoneMatch, String(ETag));
}

// The headers of a reply that its 304 repeats (RFC 9110, section 15.4.5), limited to those that replies have.
const notModifiedHeaders = ['ETag', 'Cache-Control'];

function sendNotModified(response: Response, { headers }: Result): void {
  for (const name of notModifiedHeaders) {
    if (headers[name] !== undefined) response.set(name, String(headers[name]));
  }
  response.status(304).end();
}

async function send(
  response: Response,
  operation: Operation,
  outcome: Outcome | Replay,
  ifNoneMatch: TagCondition | null,
): Promise<void> {
  if ('code' in outcome) sendProblem(response, outcome.code, outcome.members, outcome.headers);
  else if ('replayed' in outcome) sendReplay(response, operation, outcome);
  else if (isNotModified(outcome, ifNoneMatch)) sendNotModified(response, outcome);
  else await sendResult(response, operation, outcome);
}

/** An operation and its handler. */
interface HandledOperation {
  readonly operation: Operation;
  readonly handler: UntypedHandler;
}

/** An operation with everything that is needed to serve it. */
interface PreparedOperation extends HandledOperation {
  readonly validator: OperationValidator;
  readonly readBody: BodyReader;
  /** The `GET` whose entity tag an `If-Match` is compared with. */
  readonly representation: HandledOperation | null;
  readonly redactors: LaneRequest['redactors'];
}

/** The caller, and the scope of the caller's lane in which the handler works. */
interface Caller {
  readonly identity: Identity;
  readonly lane: UserScope;
}

/** The validated query and body of a request. */
interface Input {
  readonly query: object;
  readonly body: unknown;
}

/** Makes the call that the handler of an operation receives for a request. */
function makeCall(operation: Operation, request: Request, { query, body }: Input, caller?: Caller): object {
  return {
    path: request.params,
    query,
    headers: Object.fromEntries(operation.headerNames.map((name) => [name, request.headers[name]])),
    body,
    mediaType: request.headers['content-type'] ?? '',
    url: request.originalUrl,
    requestId: String(request.id),
    log: request.log,
    ...caller,
    reply: (status: number, body?: unknown, headers: Result['headers'] = {}): Outcome => {
      if (!operation.tagged.has(String(status))) return { status, body, headers };
      return { status, body, headers: { ...headers, ETag: entityTagOf(body as Versioned) } };
    },
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
  };
}

/** Makes the request handler of an operation, from the token to the reply. */
function serve(
  prepared: PreparedOperation,
  dependencies: RouterDependencies & { costs: Costs },
): RequestHandler {
  const { operation, handler, validator, readBody, representation, redactors } = prepared;
  const { withUser, requireIfMatch, costs } = dependencies;

  function answer(
    request: Request,
    input: Input,
    identity: Identity,
    { ifMatch, idempotentRequest }: Pick<LaneRequest, 'ifMatch' | 'idempotentRequest'>,
  ): Promise<Outcome | Replay> {
    const call = (to: HandledOperation, given: Input) => (lane: UserScope) =>
      to.handler(makeCall(to.operation, request, given, { identity, lane }));
    return carryOut({
      open: (precondition) => withUser(identity.userId, { issuedAt: identity.issuedAfter, precondition }),
      handle: call(prepared, input),
      lookUp:
        representation &&
        call(representation, { query: representation.operation.queryDefaults, body: undefined }),
      ifMatch,
      requireIfMatch,
      idempotentRequest,
      redactors,
    });
  }

  /** Validates, charges and answers a request whose body has been read. */
  async function proceed(
    request: Request,
    response: Response,
    next: NextFunction,
    read: {
      identity: Identity | undefined;
      conditions: ReturnType<typeof readConditions>;
      spooled: SpooledBody | undefined;
    },
  ): Promise<void> {
    const { identity, spooled } = read;
    const { key, ifMatch, ifNoneMatch } = read.conditions;
    // The fingerprint is taken before defaults are filled in: a later version may have other defaults.
    const idempotentRequest = key === null ? undefined : readIdempotentRequest(operation, request, key);
    const { errors, errors_omitted } = await validator.checkRequest(request, response);
    if (errors.length > 0) throw new ProblemError('validation-failed', { errors, errors_omitted });

    await validator.watchResponse(request, response, next);
    const input = { query: request.query, body: spooled ?? request.body };
    if (identity && operation.scope) {
      const units = surcharges(operation.cost, input, costs);
      await charge(identity.userId, operation.scope, units, dependencies, response);
    }
    const outcome = identity
      ? await answer(request, input, identity, { ifMatch, idempotentRequest })
      : await answerPublic(operation, dependencies, request, response, () =>
          handler(makeCall(operation, request, input)),
        );
    await send(response, operation, outcome, ifNoneMatch);
  }

  return async (request: Request, response: Response, next: NextFunction) => {
    requestContext(request).operationId = operation.id;
    const identity = operation.scope
      ? await admit(operation, operation.scope, dependencies, request, response)
      : undefined;

    const conditions = readConditions(operation, request);
    const spooled = await readBody(request, response, identity?.userId ?? '');
    try {
      await proceed(request, response, next, { identity, spooled, conditions });
    } finally {
      await spooled?.close();
    }
  };
}

/** A path of the contract in Express syntax: `/api/:user_id/tasks`. */
function expressPath(path: string): string {
  return path.replace(/\{([^{}]+)\}/g, ':$1');
}

function allowedMethods(methods: readonly Method[]): string {
  const names = methods.map((method) => method.toUpperCase());
  return [...names, ...(names.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

/**
 * Answers a request at a former address with 308 and the address of the operation that accepts its media type (RFC 9110,
 * section 15.4.9). One address can have become several, one for each media type.
 */
function redirect(operations: readonly Operation[]): RequestHandler {
  const paths = new Map(operations.flatMap(({ mediaTypes, path }) => mediaTypes.map((type) => [type, path])));
  const types = [...paths.keys()];
  return (request, response) => {
    const path = paths.get(negotiatedType(types, request)) as string;
    const address = path.replace(/\{([^{}]+)\}/g, (_, name: string) =>
      encodeURIComponent(String(request.params[name])),
    );
    const query = request.originalUrl.indexOf('?');
    response.status(308);
    response.set('Location', query === -1 ? address : address + request.originalUrl.slice(query)).end();
  };
}

/** The operations of each former address and method. */
function formerAddresses(operations: readonly Operation[]): [string, Map<Method, Operation[]>][] {
  const moved = operations.filter(({ formerPath }) => formerPath !== null);
  const byPath = Map.groupBy(moved, ({ formerPath }) => formerPath as string);
  return [...byPath].map(([path, each]) => [path, Map.groupBy(each, ({ method }) => method)]);
}

/** Answers OPTIONS with the allowed methods, and all other methods with 405 (RFC 9110, section 15.5.6). */
function otherMethods(allow: string): RequestHandler {
  return (request, response) => {
    if (request.method === 'OPTIONS') return void response.status(204).set('Allow', allow).end();
    throw new ProblemError(
      'method-not-allowed',
      { detail: `This address supports ${allow}.` },
      { Allow: allow },
    );
  };
}

// Refuses malformed requests before Express matches paths, because Express fails on escapes that do not decode.
const refuseMalformed: RequestHandler = (request, _response, next) => {
  // RFC 9112, section 3.2. Node would answer without a problem body.
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

function errorHandler(dependencies: RouterDependencies): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (response.headersSent) {
      requestContext(request).error = error;
      return void response.destroy();
    }
    if (error instanceof StaleToken) {
      const { code, members, headers } = refuseToken(dependencies, request, error.reason);
      return sendProblem(response, code, members, headers);
    }
    if (error instanceof QuotaExceeded) {
      return sendProblem(response, 'quota-exceeded', { ...error.exceeded, detail: error.message });
    }
    if (error instanceof ProblemError) return sendProblem(response, error.code, error.members, error.headers);
    requestContext(request).error = error;
    sendProblem(response, dependencies.isUnavailable(error) ? 'service-unavailable' : 'internal-error');
  };
}

/** Sets the headers of a deprecated operation on all its responses. Other operations need no middleware. */
function announceDeprecation({ deprecationHeaders }: Operation): RequestHandler[] {
  if (deprecationHeaders === null) return [];
  return [
    (_request, response, next) => {
      response.set(deprecationHeaders);
      next();
    },
  ];
}

/**
 * Makes the router of the contract. The checks run in this order: address (400, 404, 405), token and limits (401,
 * 429), lane (403), body (413, 415, 400), contract (422), handler.
 * @throws if the contract is not valid, or an operation has no handler
 */
export async function createContractRouter(dependencies: RouterDependencies, log: Logger): Promise<Router> {
  const { contract, handlers } = dependencies;
  const validators = await createValidators(contract, {
    onInvalidResponse(operation, errors) {
      log.error({ operationId: operation.id, errors }, 'response breaks the contract');
      if (dependencies.invalidResponses === 'reject') throw new Error('The response breaks the contract.');
    },
  });

  const byId = new Map(contract.operations.map((operation) => [operation.id, operation]));
  const withHandler = (id: OperationId): HandledOperation => {
    const operation = byId.get(id);
    const handler = handlers[id] as unknown as UntypedHandler | undefined;
    if (!operation || !handler) throw new Error(`The contract's ${id} has no handler.`);
    return { operation, handler };
  };

  const costs: Costs = new Map(contract.operations.map(({ id, cost }) => [id, cost]));
  const router = Router({ caseSensitive: true, strict: true });
  router.use(refuseMalformed);
  for (const [path, operations] of Map.groupBy(contract.operations, (operation) => operation.path)) {
    const route = router.route(expressPath(path));
    for (const operation of operations) {
      const validator = validators.get(operation.id);
      if (!validator) throw new Error(`The contract's ${operation.id} has no validator.`);
      const readBody = bodyReader(operation, dependencies.maxBodyBytes, dependencies.spool);
      const representation = operation.representation === null ? null : withHandler(operation.representation);
      const redactors = redactorsOf(contract.document, operation);
      const prepared = { ...withHandler(operation.id), validator, readBody, representation, redactors };
      route[operation.method](...announceDeprecation(operation), serve(prepared, { ...dependencies, costs }));
    }
    route.all(otherMethods(allowedMethods(operations.map((operation) => operation.method))));
  }
  for (const [path, byMethod] of formerAddresses(contract.operations)) {
    const route = router.route(expressPath(path));
    for (const [method, moved] of byMethod) route[method](redirect(moved));
    route.all(otherMethods(allowedMethods([...byMethod.keys()])));
  }
  router.use(() => {
    throw new ProblemError('not-found');
  });
  router.use(errorHandler(dependencies));
  return router;
}
