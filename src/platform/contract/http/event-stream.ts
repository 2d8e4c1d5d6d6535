/**
 * Streams of server-sent events (WHATWG HTML, section 9.2). A stream outlives its request by hours and there are
 * thousands, so it keeps as little as it can: the response, and who writes to it.
 */
import type { Response } from 'express';

/** Who writes to a stream. */
export interface EventSubscriber {
  /** The stream is open, and takes events from now on. */
  opened(stream: EventStream): void;
  /** The client has taken what was waiting, after `send` had said that it was enough. */
  drained(): void;
  /** The stream is closed, whoever closed it, or never was open. */
  closed(): void;
}

/** An open stream. */
export class EventStream {
  constructor(private readonly response: Response) {}

  /**
   * Sends text in the form of the standard. False once 64 KiB wait for the client to take them: what is sent before
   * `drained` costs memory.
   */
  send(text: string): boolean {
    return this.isOpen && this.response.write(text);
  }

  /** Sends the last words, and ends the stream. */
  end(text: string): void {
    if (this.isOpen) this.response.end(text);
  }

  /** Breaks the connection off, with what the client has not taken. */
  cut(): void {
    this.response.destroy();
  }

  private get isOpen(): boolean {
    return !this.response.writableEnded && !this.response.destroyed;
  }
}

const ignore = () => undefined;

/** Answers with a stream of events and returns at once; `subscriber` writes to it from then on. */
export function openEventStream(response: Response, subscriber: EventSubscriber): void {
  // The client may have left while its request was looked at, or never have wanted a body.
  if (response.closed || response.req.method === 'HEAD') {
    subscriber.closed();
    return void response.end();
  }
  response.on('error', ignore);
  response.on('close', () => subscriber.closed());
  response.on('drain', () => subscriber.drained());
  response.flushHeaders();
  subscriber.opened(new EventStream(response));
}

/** The headers of every stream of events, beside its type. */
export const eventStreamHeaders = {
  'Cache-Control': 'no-store',
  // Proxies such as nginx would wait for more before they pass on what came.
  'X-Accel-Buffering': 'no',
} as const;
