/** A resource outside of the contract: an address with a protocol of its own, and with its own tokens (RFC 8707). */
import type { Request as HttpRequest, Response as HttpResponse } from 'express';
import type { Logger } from 'pino';
import type { Identity } from '../../auth/authenticator';
import { requestContext } from '../../observability/request-context';
import type { jsonReader } from '../bodies/body';
import { negotiatedType } from '../bodies/body';
import { ProblemError } from '../document/problems';
import { type Admission, admitToResource } from './admission';
import type { Exchange } from './exchange';
import type { Execute } from './execute';
import type { ResponseHead } from './head';

/** A request to a resource. Its caller is known and admitted. */
export interface ResourceCall {
  /** The request as the Fetch standard has it. Its body is `body`. */
  readonly request: Request;
  /** The parsed JSON body. */
  readonly body: unknown;
  readonly identity: Identity;
  /** Carries out operations of the contract for the caller. */
  readonly execute: Execute;
  readonly log: Logger;
}

export interface Resource {
  /** Its path, such as `/mcp`. */
  readonly path: string;
  /** What the client calls itself in a request with this body; null if it does not tell. At most 200 characters. */
  clientName(body: unknown): string | null;
  /** Answers a `POST`. */
  answer(call: ResourceCall): Promise<Response>;
}

/** Headers of the answer that the service sets itself. */
const ownHeaders = new Set(['cache-control', 'content-length', 'x-request-id']);

/** The request of the Fetch standard. It is aborted if the client disconnects. */
function toFetchRequest(request: HttpRequest, response: HttpResponse, url: string): Request {
  const aborted = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) aborted.abort();
  });
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // The caller is known already, and the credential must not go further.
    if (value !== undefined && name !== 'authorization' && name !== 'cookie')
      headers.set(name, String(value));
  }
  return new Request(url, { method: request.method, headers, signal: aborted.signal });
}

async function sendFetchResponse(
  answer: Response,
  head: ResponseHead,
  response: HttpResponse,
): Promise<void> {
  for (const [name, value] of answer.headers) if (!ownHeaders.has(name)) head.setHeader(name, value);
  head.send(response, answer.status, answer.body === null ? undefined : await answer.text());
}

/** The dependencies of serving a resource. */
interface Serving extends Admission {
  readonly readJson: ReturnType<typeof jsonReader>;
  loggerOf(request: HttpRequest): Logger;
  /** Makes the function with which the caller's operations are carried out, as parts of this request. */
  executorFor(request: HttpRequest, response: HttpResponse, identity: Identity): Execute;
  /** Opens the lane of a caller, and does nothing in it. @throws ClientCutOff, StaleToken */
  openLane(caller: Identity): Promise<void>;
}

/** Watches whether operations open the caller's lane. */
function watched(execute: Execute) {
  const seen = { isOpened: false, isCutOff: false };
  const watching: Execute = async (id, input) => {
    const answer = await execute(id, input);
    if (!('problem' in answer)) seen.isOpened = true;
    else if (answer.problem.code === 'client-cut-off') seen.isCutOff = true;
    return answer;
  };
  return { execute: watching, seen };
}

/** Makes the function that serves a resource: token, limits, scope, origin, and a bounded body. */
export function serveResource(
  { path, answer, clientName }: Resource,
  serving: Serving,
): (exchange: Exchange) => Promise<void> {
  return async ({ request, response, head }) => {
    requestContext(request).resource = path;
    const admitted = await admitToResource(path, serving, request, head);
    request.headers['content-type'] = negotiatedType(['application/json'], request);
    const body = await serving.readJson(request, response);
    const identity = { ...admitted, clientName: clientName(body) };
    const { execute, seen } = watched(serving.executorFor(request, response, identity));
    const answered = await answer({
      request: toFetchRequest(request, response, serving.publicUrl() + path),
      body,
      identity,
      execute,
      log: serving.loggerOf(request),
    });
    // A client that is cut off gets no answer at all. Many requests, such as lists of tools, have not opened the lane yet.
    if (seen.isCutOff) throw new ProblemError('client-cut-off');
    if (!seen.isOpened && identity.clientId !== null) await serving.openLane(identity);
    await sendFetchResponse(answered, head, response);
  };
}
