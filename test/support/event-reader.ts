/** A reader of event streams as in the standard (WHATWG HTML, section 9.2.6), which can pause. */
import { once } from 'node:events';
import { type Agent, get, type IncomingMessage } from 'node:http';
import type { Schemas } from '../../src/platform/contract/document/operations';
import { assertSchema } from './response-check';
import { until } from './until';

export type LaneEvent = Schemas['LaneEvent'];
export type ChangeEvent = Schemas['ChangeEvent'];

export interface EventReader {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The events so far, each valid by the contract. */
  readonly events: LaneEvent[];
  /** The number of comments so far. */
  comments(): number;
  /** The id that a browser would send when it reconnects. */
  lastId(): string | undefined;
  /** The milliseconds that a browser would wait before it reconnects. */
  retry(): number | undefined;
  /** Resolves when the stream is over: true if it ended, false if it broke off. */
  readonly ended: Promise<boolean>;
  /** Reads nothing until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface ReaderOptions {
  readonly token?: string;
  readonly lastEventId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly paused?: boolean;
  /** A connection to use; by default a new one. */
  readonly agent?: Agent;
}

/** Opens a stream; resolves after its first bytes, or at once if it is paused or rejected. */
export async function readEvents(url: string, options: ReaderOptions = {}): Promise<EventReader> {
  const { token, lastEventId, headers = {}, paused = false, agent = false } = options;
  const request = get(url, {
    agent,
    headers: {
      ...headers,
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(lastEventId && { 'Last-Event-ID': lastEventId }),
    },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const events: LaneEvent[] = [];
  let lastId: string | undefined;
  let retry: number | undefined;
  let comments = 0;
  let unparsed = '';

  function dispatch(block: string): void {
    let event: string | undefined;
    let data: string | undefined;
    let id: string | undefined;
    for (const line of block.split('\n')) {
      const [, field, value = ''] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
      if (field === '') comments++;
      else if (field === 'id') id = value;
      else if (field === 'event') event = value;
      else if (field === 'data') data = value;
      else if (field === 'retry') retry = Number(value);
      else throw new Error(`The stream has a line that does not belong to an event: ${line}`);
    }
    if (id !== undefined) lastId = id;
    if (data === undefined) return;
    const read = { ...(id !== undefined && { id }), event, data: JSON.parse(data) } as LaneEvent;
    assertSchema('LaneEvent', read);
    events.push(read);
  }

  response.setEncoding('utf8');
  const ended = new Promise<boolean>((resolve) => {
    response.once('end', () => resolve(true));
    response.once('error', () => resolve(false));
    response.once('close', () => resolve(false));
  });
  if (response.statusCode === 200) {
    const take = (text: string) => {
      const blocks = (unparsed + text).split('\n\n');
      unparsed = blocks.pop() as string;
      for (const block of blocks) dispatch(block);
    };
    // A listener would start the stream.
    if (!paused) response.on('data', take);
    else response.once('resume', () => response.on('data', take));
  } else {
    response.resume();
  }
  const reader: EventReader = {
    status: response.statusCode as number,
    headers: response.headers,
    events,
    comments: () => comments,
    lastId: () => lastId,
    retry: () => retry,
    ended,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => void request.destroy(),
  };
  if (response.statusCode === 200 && !paused) {
    await until(() => lastId !== undefined).catch((error) => {
      request.destroy();
      throw error;
    });
  }
  return reader;
}

/** The change sequence numbers that a reader has. */
export function seqsOf(reader: Pick<EventReader, 'events'>): number[] {
  return reader.events.flatMap((each) => (each.event === 'change' ? [each.data.seq] : []));
}

/** All integers from `first` to `last`. */
export function numbers(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
