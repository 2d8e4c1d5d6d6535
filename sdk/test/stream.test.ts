/** Tests synchronization and event streams of the client, with a service and with failing connections. */
import { startTestService, type TestService, tokenOf } from '../../test/support/service';
import { until } from '../../test/support/until';
import {
  createTasklane,
  isProblem,
  type Lane,
  type StreamEvent,
  type SyncPage,
  type TokenSource,
} from '../src/index';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ RATE_LIMIT: 'off', EVENTS_POLL_MS: '20' });
});
afterAll(() => service.stop());

const clientOf = async (userId: string) =>
  createTasklane({ baseUrl: service.url, token: await tokenOf(userId) });
const laneOf = async (userId: string): Promise<Lane> => (await clientOf(userId)).lane(userId);

const makeTask = (lane: Lane, title = 'A task') => lane.tasks.create({ title });

/** Collects the items of an iterator as they come. */
function collect<T>(source: AsyncIterable<T>): { items: T[]; ended: Promise<unknown> } {
  const items: T[] = [];
  const read = async () => {
    for await (const each of source) items.push(each);
  };
  return { items, ended: read().catch((error) => error) };
}

describe('sync', () => {
  test('reads all pages of a snapshot, and then the changes', async () => {
    const lane = await laneOf('sync-ada');
    for (let n = 0; n < 5; n++) await makeTask(lane);
    const pages: SyncPage[] = [];
    for await (const page of lane.sync({ limit: 2 })) pages.push(page);
    expect(pages.map((page) => page.changes.length)).toEqual([2, 2, 2]);
    const made = await makeTask(lane);
    const more: SyncPage[] = [];
    for await (const page of lane.sync({ token: pages.at(-1)?.next_token })) more.push(page);
    expect(more).toMatchObject([{ changes: [{ type: 'task', id: made.id, data: made }], has_more: false }]);
  });

  test('throws the problem of an expired token', async () => {
    const lane = await laneOf('sync-bob');
    await makeTask(lane);
    const [page] = [(await lane.sync().next()).value as SyncPage];
    const parts = JSON.parse(atob(page.next_token.replaceAll('-', '+').replaceAll('_', '/')));
    parts[4] = 99;
    const token = Buffer.from(JSON.stringify(parts)).toString('base64url');
    const error = await lane
      .sync({ token })
      .next()
      .catch((each) => each);
    expect(isProblem(error, 'sync-token-expired')).toBe(true);
  });
});

describe('events', () => {
  test('arrive as they happen, from now or from an id, until the caller stops', async () => {
    const lane = await laneOf('events-ada');
    await makeTask(lane);
    const leaving = new AbortController();
    const live = collect(lane.events({ signal: leaving.signal }));
    await until(() => live.items.length === 1);
    await makeTask(lane);
    await until(() => live.items.length === 2);
    expect(live.items).toMatchObject([{ event: 'open' }, { event: 'change', data: { seq: 2 } }]);

    const [open] = live.items as [StreamEvent & { id: string }];
    const again = collect(lane.events({ lastEventId: open.id.replace(/^1/, '0'), signal: leaving.signal }));
    await until(() => again.items.length === 3);
    expect(again.items).toMatchObject([{ event: 'open' }, { data: { seq: 1 } }, { data: { seq: 2 } }]);
    const reason = new Error('no longer wanted');
    leaving.abort(reason);
    expect(await Promise.all([live.ended, again.ended])).toEqual([reason, reason]);
  });

  test('end when the lane is erased', async () => {
    const lane = await laneOf('events-bob');
    await makeTask(lane);
    const stream = collect(lane.events());
    await until(() => stream.items.length === 1);
    await lane.erase({ confirm: 'events-bob' });
    expect(await stream.ended).toBeUndefined();
    expect(stream.items.at(-1)).toEqual({ event: 'erased', data: {} });
  });

  test('of another user give a problem', async () => {
    const client = await clientOf('events-eve');
    const error = await collect(client.lane('events-ada').events()).ended;
    expect(isProblem(error, 'forbidden')).toBe(true);
  });
});

describe('event streams', () => {
  const epoch = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';
  const position = (seq: number) => `retry: 1\nid: ${seq}-${epoch}\n\n`;
  const change = (seq: number, title = '') =>
    `id: ${seq}-${epoch}\nevent: change\ndata: ${JSON.stringify({ seq, title })}\n\n`;

  type Answer = (request: Request) => Response | Promise<Response>;

  /** A stream that sends the chunks, and then ends, breaks or stays silent. */
  const streamOf =
    (chunks: (string | Uint8Array)[], then: 'end' | 'break' | 'silence' = 'end'): Answer =>
    ({ signal }) => {
      const encoder = new TextEncoder();
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const chunk of chunks) {
            controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk);
          }
          if (then === 'end') controller.close();
          signal.addEventListener('abort', () => controller.error(signal.reason));
        },
        pull(controller) {
          if (then === 'break') controller.error(new TypeError('terminated'));
        },
      });
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
    };

  const problem = (status: number, code: string) => () =>
    Response.json({ code, status, request_id: 'r1', detail: code }, { status });

  /** Follows a service that gives these answers in turn; resolves to the events and the ids of the requests. */
  async function follow(answers: Answer[], count: number, silenceMs?: number, token?: TokenSource) {
    const ids: (string | null)[] = [];
    const leaving = new AbortController();
    const tasklane = createTasklane({
      baseUrl: 'http://tasklane.test',
      token,
      fetch: async (request) => {
        ids.push(request.headers.get('Last-Event-ID'));
        return (answers.shift() as Answer)(request);
      },
    });
    const stream = collect(tasklane.lane('ada').events({ signal: leaving.signal, silenceMs, retryMs: 1 }));
    const changes = () => stream.items.filter((each) => each.event === 'change');
    let ended: unknown = null;
    stream.ended.then((reason) => {
      ended = reason;
    });
    await until(() => ended !== null || changes().length >= count);
    leaving.abort();
    await stream.ended;
    return { ids, changes: changes() as { data: { seq: number; title?: string } }[], ended };
  }

  const seqs = (changes: { data: { seq: number } }[]) => changes.map((each) => each.data.seq);

  test.each<[string, Answer]>([
    ['an ended stream', streamOf([position(0), change(1)])],
    [
      'a stream with a reconnect event',
      streamOf([position(0), change(1), 'event: reconnect\ndata: {"reason":"shutdown"}\n\n']),
    ],
    ['a broken stream', streamOf([position(0), change(1), 'id: 2-'], 'break')],
    ['a silent stream', streamOf([position(0), change(1)], 'silence')],
  ])('continue after the last event of %s', async (_how, first) => {
    const { ids, changes } = await follow([first, streamOf([position(1), change(2)], 'silence')], 2, 500);
    expect(ids).toEqual([null, `1-${epoch}`]);
    expect(seqs(changes)).toEqual([1, 2]);
  });

  test.each<[string, Answer]>([
    ['a failed connection', () => Promise.reject(new TypeError('fetch failed'))],
    ['a temporary refusal', problem(503, 'service-unavailable')],
    ['too many streams', problem(429, 'too-many-streams')],
    ['an error of a proxy', () => new Response('Bad gateway', { status: 502 })],
  ])('are requested again after %s', async (_how, failure) => {
    const answers = [streamOf([position(4)]), failure, failure, streamOf([change(5)], 'silence')];
    const { ids, changes } = await follow(answers, 1);
    expect(ids).toEqual([null, ...Array(3).fill(`4-${epoch}`)]);
    expect(seqs(changes)).toEqual([5]);
  });

  test('wait for a token that cannot be had at first', async () => {
    let asked = 0;
    const token = () => {
      asked++;
      if (asked === 1) throw new Error('503');
      return asked === 2 || asked === 3 ? null : 'token';
    };
    const answers = [problem(401, 'unauthorized'), streamOf([position(4), change(5)], 'silence')];
    const { ids, changes } = await follow(answers, 1, undefined, token);
    expect(ids).toEqual([null, null]);
    expect(seqs(changes)).toEqual([5]);
  });

  test('end with a problem after a permanent refusal', async () => {
    const { ended } = await follow([streamOf([position(4)]), problem(403, 'forbidden')], 1);
    expect(isProblem(ended, 'forbidden')).toBe(true);
  });

  test('give complete events if they arrive byte by byte', async () => {
    const bytes = new TextEncoder().encode(`${position(0)}:\n\n${change(1, 'Gießen 🌱')}${change(2)}`);
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    const { changes } = await follow([streamOf(pieces, 'silence')], 2);
    expect(changes.map((each) => each.data)).toEqual([
      { seq: 1, title: 'Gießen 🌱' },
      { seq: 2, title: '' },
    ]);
  });
});
