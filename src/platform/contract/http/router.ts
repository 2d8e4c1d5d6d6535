/**
 * Serves the contract's operations. Only this file builds calls for handlers and decides on their replies.
 */
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Identity } from '../../auth/authenticator';
import {
  ClientCutOff,
  type LaneOpening,
  QuotaExceeded,
  StaleToken,
  type UserScope,
  type WithUser,
} from '../../database/lane';
import { requestContext } from '../../observability/request-context';
import { type BodyReader, bodyReader, jsonReader } from '../bodies/body';
import type { Spool, SpooledBody } from '../bodies/spool';
import type { Contract, Operation } from '../document/contract';
import { type Costs, surcharges } from '../document/cost';
import type { OperationId } from '../document/operations';
import { ProblemError } from '../document/problems';
import { redactorsOf } from '../document/secrets';
import type { Handlers } from '../http/call';
import { createValidators, type Input, type OperationValidator } from '../validation/validator';
import { type Admission, admit, admitIdentified, answerPublic, charge, refuseToken } from './admission';
import { Exchange } from './exchange';
import { type Answer, type Execute, type OperationInput, readAnswer, requestForm } from './execute';
import { formerAddresses, redirect } from './former-addresses';
import { HandlerCall } from './handler-call';
import { headOf } from './head';
import { readIdempotentRequest } from './idempotency';
import { InProcessHead, partOf } from './in-process';
import { type Match, Matcher } from './matcher';
import type { Outcome, Replay } from './outcome';
import { type Resource, serveResource } from './resource';
import { carryOut, type LaneRequest, readConditions } from './safe-writes';
import { isMalformed, splitTarget } from './target';

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
  /** The resources outside of the contract. */
  readonly resources?: readonly Resource[];
  /** Whether each request that can have an `If-Match` must have one. */
  readonly requireIfMatch: boolean;
  /** The logger whose lines have the id of the request. */
  loggerOf(request: Request): Logger;
  /** What to do with a response that violates the contract: answer 500 instead, or log it and send it. */
  readonly invalidResponses: 'reject' | 'report';
}

/** A handler without the types of its operation. */
type UntypedHandler = (call: object) => Promise<Outcome>;

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
  /** The `Content-Type` of responses, by status. */
  readonly contentTypes: ReadonlyMap<number, string>;
}

/** How a caller opens the own lane. */
function openingOf({ issuedAfter, clientId, clientName = null, scopes }: Identity): LaneOpening {
  return {
    issuedAt: issuedAfter,
    client: clientId === null ? undefined : { id: clientId, name: clientName, scopes },
  };
}

/** All content is UTF-8. */
function withCharset(type: string): string {
  return type.includes(';') ? type : `${type}; charset=utf-8`;
}

/** @param caller who makes a call inside of this process; such a call has its body already */
type Serve = (exchange: Exchange, queryText: string, caller?: Identity) => Promise<void>;

/** Makes the function that serves an operation, from the token to the reply. */
function serve(prepared: PreparedOperation, dependencies: RouterDependencies & { costs: Costs }): Serve {
  const { operation, handler, validator, readBody, representation, redactors, contentTypes } = prepared;
  const { withUser, requireIfMatch, costs, loggerOf } = dependencies;

  function answer(
    request: Request,
    query: Input['query'],
    body: unknown,
    identity: Identity,
    { ifMatch, idempotentRequest }: Pick<LaneRequest, 'ifMatch' | 'idempotentRequest'>,
  ): Promise<Outcome | Replay> {
    const handle = (lane: UserScope) =>
      handler(new HandlerCall(operation, request, query, body, loggerOf, identity, lane));
    const lookUp =
      representation &&
      ((lane: UserScope) => {
        const { operation: get, handler: find } = representation;
        return find(new HandlerCall(get, request, get.queryDefaults, undefined, loggerOf, identity, lane));
      });
    // Not the id of the log: clients can choose that one.
    const author =
      operation.method === 'get' ? undefined : { request: uuidv7(), clientId: identity.clientId };
    return carryOut({
      open: (precondition) => withUser(identity.userId, { ...openingOf(identity), precondition, author }),
      handle,
      author,
      lookUp,
      ifMatch,
      requireIfMatch,
      idempotentRequest,
      redactors,
    });
  }

  /** Validates, charges and answers a request whose body has been read. */
  async function proceed(
    exchange: Exchange,
    queryText: string,
    read: {
      identity: Identity | undefined;
      conditions: ReturnType<typeof readConditions>;
      spooled: SpooledBody | undefined;
    },
  ): Promise<void> {
    const { request, response, head } = exchange;
    const { identity, spooled } = read;
    const { key, ifMatch, ifNoneMatch } = read.conditions;
    const { query, unknown } = validator.takeQuery(queryText);
    const input: Input = { query, params: request.params, headers: request.headers, body: request.body };
    // The fingerprint is taken before defaults are filled in: a later version may have other defaults.
    const idempotentRequest = key === null ? undefined : readIdempotentRequest(operation, input, key);
    const found = validator.checkRequest(request, response, input, unknown);
    if (found) throw new ProblemError('validation-failed', { ...(await found) });

    exchange.watch(validator, redactors.size === 0);
    const body = spooled ?? input.body;
    if (identity && operation.scope && operation.cost.more) {
      const units = surcharges(operation.cost, { query, body }, costs);
      await charge(identity.userId, operation.scope, units, dependencies, head);
    }
    const outcome = identity
      ? await answer(request, query, body, identity, { ifMatch, idempotentRequest })
      : await answerPublic(operation, dependencies, request, head, () =>
          handler(new HandlerCall(operation, request, query, body, loggerOf)),
        );
    await exchange.send(contentTypes, outcome, ifNoneMatch);
  }

  async function admitTo(
    { request, head }: Exchange,
    caller: Identity | undefined,
  ): Promise<Identity | undefined> {
    const { scope } = operation;
    if (scope === null) return undefined;
    if (caller === undefined) return admit(operation, scope, dependencies, request, head);
    await admitIdentified(operation, scope, caller, dependencies, request, head);
    return caller;
  }

  return async (exchange, queryText, caller) => {
    const { request, response, head } = exchange;
    requestContext(request).operationId = operation.id;
    if (operation.deprecationHeaders) head.setHeaders(operation.deprecationHeaders);
    const identity = await admitTo(exchange, caller);

    const conditions = readConditions(operation, request);
    const spooled = caller ? undefined : await readBody(request, response, identity?.userId ?? '');
    try {
      await proceed(exchange, queryText, { identity, spooled, conditions });
    } finally {
      await spooled?.close();
    }
  };
}

/** Answers a request that failed. @throws if the problem violates the contract */
function sendError(exchange: Exchange, error: unknown, dependencies: RouterDependencies): void {
  const { request } = exchange;
  if (error instanceof StaleToken) {
    const { code, members, headers } = refuseToken(dependencies, request, error.reason);
    return void exchange.sendProblem(code, members, headers);
  }
  if (error instanceof ClientCutOff) return void exchange.sendProblem('client-cut-off');
  if (error instanceof QuotaExceeded) {
    return void exchange.sendProblem('quota-exceeded', { ...error.exceeded, detail: error.message });
  }
  if (error instanceof ProblemError) {
    return void exchange.sendProblem(error.code, error.members, error.headers);
  }
  requestContext(request).error = error;
  exchange.sendProblem(dependencies.isUnavailable(error) ? 'service-unavailable' : 'internal-error');
}

function fail(exchange: Exchange, error: unknown, dependencies: RouterDependencies): void {
  const { request, response } = exchange;
  if (response.headersSent) {
    requestContext(request).error = error;
    return void response.destroy();
  }
  try {
    sendError(exchange, error, dependencies);
  } catch (violation) {
    requestContext(request).error = violation;
    exchange.sendProblem('internal-error');
  }
}

/** Answers OPTIONS with the allowed methods, and all other methods with 405 (RFC 9110, section 15.5.6). */
function answerOtherMethod({ request, response, head }: Exchange, allow: string): void {
  head.setHeader('Allow', allow);
  if (request.method === 'OPTIONS') return void head.send(response, 204);
  throw new ProblemError('method-not-allowed', { detail: `This address supports ${allow}.` });
}

/**
 * Makes the request handler of the contract. The checks run in this order: address (400, 404, 405), token and limits
 * (401, 429), lane (403), body (413, 415, 400), contract (422), handler.
 * @throws if the contract is not valid, or an operation has no handler
 */
export async function createContractRouter(
  dependencies: RouterDependencies,
  log: Logger,
): Promise<RequestHandler> {
  const { contract, handlers } = dependencies;
  const validators = createValidators(contract, {
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
  const matcher = new Matcher<Serve>();
  const served = new Map<OperationId, { operation: Operation; serve: Serve }>();
  for (const operation of contract.operations) {
    const validator = validators.get(operation.id);
    if (!validator) throw new Error(`The contract's ${operation.id} has no validator.`);
    const prepared = {
      ...withHandler(operation.id),
      validator,
      readBody: bodyReader(operation, dependencies.maxBodyBytes, dependencies.spool),
      representation: operation.representation === null ? null : withHandler(operation.representation),
      redactors: redactorsOf(contract.document, operation),
      contentTypes: new Map(
        [...operation.responseTypes].map(([status, type]) => [Number(status), withCharset(type)]),
      ),
    };
    const serveIt = serve(prepared, { ...dependencies, costs });
    served.set(operation.id, { operation, serve: serveIt });
    matcher.add(operation.method.toUpperCase(), operation.path, serveIt);
  }

  function executorFor(outer: Request, response: Response, caller: Identity): Execute {
    return async <Id extends OperationId>(id: Id, input: OperationInput<Id> = {}): Promise<Answer<Id>> => {
      const { operation, serve } = served.get(id) as { operation: Operation; serve: Serve };
      const form = requestForm(operation, caller.userId, input);
      const head = new InProcessHead();
      const exchange = new Exchange(partOf(outer, form, input.body), response, head);
      try {
        await serve(exchange, form.query, caller);
      } catch (error) {
        fail(exchange, error, dependencies);
      }
      return readAnswer(head.status, head.text, (name) => head.getHeader(name));
    };
  }

  /** Opens the lane of a caller, and does nothing in it. @throws ClientCutOff, StaleToken */
  async function openLane(caller: Identity): Promise<void> {
    await dependencies.withUser(caller.userId, openingOf(caller)).readAtOnce(async () => undefined);
  }

  const readJson = jsonReader(dependencies.maxBodyBytes);
  const serving = { ...dependencies, readJson, executorFor, openLane };
  for (const resource of dependencies.resources ?? []) {
    matcher.add('POST', resource.path, serveResource(resource, serving));
  }
  for (const { method, path, operations } of formerAddresses(contract.operations)) {
    matcher.add(method.toUpperCase(), path, redirect(operations));
  }

  async function dispatch(exchange: Exchange): Promise<void> {
    const { request } = exchange;
    const problem = isMalformed(request);
    if (problem) throw new ProblemError(problem);
    const { path, query } = splitTarget(request.url);
    const found: Match<Serve> | undefined = matcher.match(path);
    if (!found) throw new ProblemError('not-found');
    const { route, params } = found;
    request.params = params;
    const served = route.methods.get(request.method);
    if (!served) return answerOtherMethod(exchange, route.allow);
    await served(exchange, query);
  }

  return async (request, response) => {
    const exchange = new Exchange(request, response, headOf(response));
    try {
      await dispatch(exchange);
    } catch (error) {
      fail(exchange, error, dependencies);
    }
  };
}
