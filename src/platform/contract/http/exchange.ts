/** Sends the replies and problems of requests. */
import type { Request, Response } from 'express';
import { type Coding, codingOf, compress, compressor, leastCompressedBytes } from '../../edge/coding';
import { requestContext } from '../../observability/request-context';
import { type ProblemCode, type ProblemMembers, problemBody } from '../document/problems';
import type { OperationValidator } from '../validation/validator';
import { matchesWeakly, type TagCondition } from './entity-tags';
import { openEventStream } from './event-stream';
import type { ResponseHead } from './head';
import type { Outcome, Replay, Result } from './outcome';
import { sendStream } from './stream';

const retryAfterSeconds = 5;
const problemType = 'application/problem+json; charset=utf-8';
const jsonType = 'application/json; charset=utf-8';

// The headers of a reply that its 304 repeats (RFC 9110, section 15.4.5), limited to those that replies have.
const notModifiedHeaders = ['ETag', 'Cache-Control'];

/** Whether the client already has this result (RFC 9110, section 13.1.2). */
function isNotModified(outcome: Result, ifNoneMatch: TagCondition | null): boolean {
  if (ifNoneMatch === null) return false;
  const { ETag } = outcome.headers;
  return ETag !== undefined && matchesWeakly(ifNoneMatch, String(ETag));
}

/** A request and its response. */
export class Exchange {
  private validator: OperationValidator | undefined;
  private mayCompress = false;

  constructor(
    readonly request: Request,
    readonly response: Response,
    readonly head: ResponseHead,
  ) {}

  /**
   * From now on, responses are validated.
   * @param mayCompress whether successful replies may be compressed: they contain no secret, whose text could be guessed from
   *   the length of a compressed body (https://www.breachattack.com)
   */
  watch(validator: OperationValidator, mayCompress: boolean): void {
    this.validator = validator;
    this.mayCompress = mayCompress;
  }

  /**
   * The coding of a successful reply. Undefined if it has a strong entity tag, which would have to differ for each coding
   * (RFC 9110, section 8.8.1): `If-Match` compares it with the entity.
   */
  private coding(): Coding | undefined {
    const { request, head, mayCompress } = this;
    if (!mayCompress || head.getHeader('ETag')?.startsWith('"')) return undefined;
    const coding = codingOf(request);
    if (coding !== undefined) head.setHeader('Content-Encoding', coding);
    return coding;
  }

  private async sendText(status: number, text: string): Promise<void> {
    const { response, head } = this;
    const coding = text.length < leastCompressedBytes ? undefined : this.coding();
    head.send(response, status, coding === undefined ? text : await compress(coding, text));
  }

  /** @throws if the response violates the contract, and such responses are rejected */
  private check(status: number, body: unknown): void {
    if (status < 500) this.validator?.checkResponse(status, body);
  }

  sendProblem(
    code: ProblemCode,
    members: ProblemMembers = {},
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const { request, response, head } = this;
    const body = problemBody(code, String(request.id), members);
    const { status } = body;
    this.check(status, body);
    // RFC 9110, section 10.2.3. Rate limits set their own `Retry-After`.
    const needsRetryAfter = (status === 429 || status === 503) && !head.hasHeader('Retry-After');
    if (needsRetryAfter) head.setHeader('Retry-After', retryAfterSeconds);
    head.setHeaders(headers);
    head.setHeader('Content-Type', problemType);
    head.send(response, status, JSON.stringify(body));
  }

  async send(
    contentTypes: ReadonlyMap<number, string>,
    outcome: Outcome | Replay,
    ifNoneMatch: TagCondition | null,
  ): Promise<void> {
    const { response, head } = this;
    if ('code' in outcome) return this.sendProblem(outcome.code, outcome.members, outcome.headers);
    if ('replayed' in outcome) return this.sendReplay(outcome, contentTypes);
    const { status, headers, body } = outcome;
    if (isNotModified(outcome, ifNoneMatch)) {
      for (const name of notModifiedHeaders) {
        if (headers[name] !== undefined) head.setHeader(name, String(headers[name]));
      }
      return head.send(response, 304);
    }
    head.setHeaders(headers);
    if ('subscriber' in outcome) {
      head.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
      requestContext(this.request).isEventStream = true;
      head.write(response, status);
      return openEventStream(response, outcome.subscriber);
    }
    if (body === undefined) return head.send(response, status);
    head.setHeader('Content-Type', contentTypes.get(status) ?? jsonType);
    if ('streamed' in outcome) {
      const coding = this.coding();
      head.write(response, status);
      return sendStream(response, outcome.body, coding && compressor(coding));
    }
    if (typeof body === 'string') return this.sendText(status, body);
    this.check(status, body);
    return this.sendText(status, JSON.stringify(body));
  }

  private sendReplay({ status, replayed }: Replay, contentTypes: ReadonlyMap<number, string>): void {
    const { response, head } = this;
    const { headers, body } = replayed;
    head.setHeaders(headers);
    head.setHeader('Idempotency-Replayed', 'true');
    requestContext(this.request).isReplay = true;
    if (body === null) return void head.send(response, status);
    head.setHeader('Content-Type', contentTypes.get(status) ?? jsonType);
    head.send(response, status, body);
  }
}
