/**
 * Event streams: server-sent events (WHATWG HTML, section 9.2). A stream can last for hours, and there can be
 * thousands, so each keeps little memory: the response and its subscriber.
 */
import type { Response } from 'express';

/** The writer of a stream. */
export interface EventSubscriber {
  /** The stream is open and accepts events. */
  opened(stream: EventStream): void;
  /** The client has read the waiting data, after `send` returned false. */
  drained(): void;
  /** The stream is closed, by either side, or was never opened. */
  closed(): void;
}

/** An open stream. */
export class EventStream {
  constructor(private readonly response: Response) {}

  /**
   * Sends text in the event stream format. Returns false if 64 KiB or more wait for the client: then wait for
   * `drained`, because more text takes memory.
   */
  send(text: string): boolean {
    return this.isOpen && this.response.write(text);
  }

  /** Sends the last text and ends the stream. */
  end(text: string): void {
    if (this.isOpen) this.response.end(text);
  }

  /** Closes the connection at once. Data that the client has not read is lost. */
  cut(): void {
    this.response.destroy();
  }

  private get isOpen(): boolean {
    return !this.response.writableEnded && !this.response.destroyed;
  }
}

const ignore = () => undefined;

/** Answers with an event stream and returns at once. `subscriber` writes to it afterwards. */
export function openEventStream(response: Response, subscriber: EventSubscriber): void {
  // The client may already have disconnected, or the request is a HEAD without a body.
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

/** The headers of all event streams, apart from the content type. */
export const eventStreamHeaders = {
  // A proxy that compresses would hold events back (RFC 9111, section 5.2.2.6). Next.js is one.
  'Cache-Control': 'no-store, no-transform',
  // Proxies such as nginx would buffer the events.
  'X-Accel-Buffering': 'no',
} as const;
