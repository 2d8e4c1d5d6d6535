/** Follows the event stream of a lane. */
import { TransportError } from './errors.js';
import { isTemporary, networkEvents, pause, pauseAfter } from './retry.js';
import type { Schemas } from './schemas.js';

/** The connection is open. What the client reads from now on is at least as new as the event with this id. */
export interface OpenEvent {
  readonly id: string;
  readonly event: 'open';
}

/** An event that `events` yields: `open`, or an event of the lane. */
export type StreamEvent = OpenEvent | Exclude<Schemas['LaneEvent'], { event: 'reconnect' }>;

export interface EventsOptions {
  /** The id of the last event that the client has; without it, the stream begins at the present. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without data after which the connection counts as lost. The service sends a comment every 15 seconds. */
  readonly silenceMs?: number | undefined;
  /** Milliseconds before the client connects again, twice as long after each failure. By default 2,000, or what the service sends. */
  readonly retryMs?: number | undefined;
  /** Called when a connection is lost or temporarily refused, before the client connects again. */
  readonly interrupted?: ((error: unknown) => void) | undefined;
}

interface TextEvent {
  readonly fields: { readonly [name in 'id' | 'event' | 'data' | 'retry']?: string };
}

/** Parses an event stream (WHATWG HTML, section 9.2.6). A comment is an event without fields. */
async function* parseEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<TextEvent, void, undefined> {
  const reader = body.getReader();
  // In Node, a request that was garbage-collected no longer passes its signal on to the stream.
  signal.addEventListener('abort', () => reader.cancel().catch(() => undefined), { once: true });
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new TransportError('The event stream broke.', { cause });
    });
    if (done) return;
    const blocks = (text + decoder.decode(value, { stream: true })).split('\n\n');
    text = blocks.pop() as string;
    for (const block of blocks) {
      const lines = block.split('\n').flatMap((line) => [...line.matchAll(/^(\w+): ?(.*)$/g)]);
      yield { fields: Object.fromEntries(lines.map(([, name, value]) => [name, value])) };
    }
  }
}

/** Opens an event stream that begins after the event with this id. The signal closes it. */
export type OpenStream = (
  lastEventId: string | undefined,
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array>>;

export async function* followEvents(
  open: OpenStream,
  { lastEventId, signal, silenceMs = 60_000, retryMs: firstRetryMs = 2_000, interrupted }: EventsOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  let id = lastEventId;
  let retryMs = firstRetryMs;
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    const connection = new AbortController();
    const close = () => connection.abort(signal?.reason);
    signal?.addEventListener('abort', close);
    const lose = () => connection.abort(new TransportError('The event stream was lost.'));
    // A connection does not always end with its network.
    const network = networkEvents();
    network?.addEventListener('offline', lose);
    let timer = setTimeout(lose, silenceMs);
    try {
      let opened = false;
      for await (const { fields } of parseEvents(await open(id, connection.signal), connection.signal)) {
        // No timeout while the reader of the events works.
        clearTimeout(timer);
        failures = 0;
        id = fields.id ?? id;
        if (fields.retry) retryMs = Number(fields.retry);
        if (!opened && id !== undefined) yield { event: 'open', id };
        opened = true;
        if (fields.data !== undefined && fields.event !== 'reconnect') {
          const { event, data } = fields;
          yield { ...(fields.id && { id: fields.id }), event, data: JSON.parse(data) } as StreamEvent;
          if (event === 'erased') return;
        }
        timer = setTimeout(lose, silenceMs);
      }
      connection.signal.throwIfAborted();
    } catch (error) {
      signal?.throwIfAborted();
      if (!connection.signal.aborted && !isTemporary(error)) throw error;
      failures++;
      interrupted?.(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', close);
      network?.removeEventListener('offline', lose);
      connection.abort();
    }
    await pause(pauseAfter(retryMs, failures), signal);
  }
}
