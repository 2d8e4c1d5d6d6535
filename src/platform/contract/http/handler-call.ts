/** The call that a handler receives. Its type for handlers is `Call`. */
import type { Request } from 'express';
import type { Logger } from 'pino';
import type { Identity } from '../../auth/authenticator';
import type { UserScope } from '../../database/lane';
import type { Operation } from '../document/contract';
import type { ProblemCode, ProblemMembers } from '../document/problems';
import { entityTagOf, type Versioned } from './entity-tags';
import { type EventSubscriber, eventStreamHeaders } from './event-stream';
import type { Outcome, Result } from './outcome';

const noHeaders: Result['headers'] = {};

/** One call of a handler. A class, so that a request pays only for the parts that its handler uses. */
export class HandlerCall {
  constructor(
    private readonly operation: Operation,
    private readonly request: Request,
    readonly query: object,
    readonly body: unknown,
    private readonly openLog: (request: Request) => Logger,
    readonly identity?: Identity,
    readonly lane?: UserScope,
  ) {}

  get path(): Request['params'] {
    return this.request.params;
  }

  get headers(): Record<string, unknown> {
    const { headers } = this.request;
    return Object.fromEntries(this.operation.headerNames.map((name) => [name, headers[name]]));
  }

  get mediaType(): string {
    return this.request.headers['content-type'] ?? '';
  }

  get url(): string {
    return this.request.originalUrl;
  }

  get requestId(): string {
    return String(this.request.id);
  }

  get log(): Logger {
    return this.openLog(this.request);
  }

  reply(status: number, body?: unknown, headers: Result['headers'] = noHeaders): Outcome {
    if (!this.operation.tagged.has(String(status))) return { status, body, headers };
    return { status, body, headers: { ...headers, ETag: entityTagOf(body as Versioned) } };
  }

  stream(status: number, body: object, headers: Result['headers'] = noHeaders): Outcome {
    return { status, body, headers, streamed: true };
  }

  eventStream(status: number, subscriber: EventSubscriber): Outcome {
    return { status, body: undefined, headers: eventStreamHeaders, subscriber };
  }

  fail(code: ProblemCode, members: ProblemMembers = {}): Outcome {
    return { code, members };
  }
}
