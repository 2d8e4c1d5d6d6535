/** Tests how a lane's methods send requests again, and the token sources for browsers. */
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { startTestService, type TestService, testSecret, tokenOf } from '../../test/support/service';
import {
  betterAuthTokens,
  createTasklane,
  isProblem,
  keepToken,
  NoTokenError,
  TransportError,
} from '../src/index';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

type Network = (send: () => Promise<Response>, attempt: number, request: Request) => Promise<Response>;

/** The lane of a user behind a network that can lose requests and answers; `requests` are those that were sent. */
async function laneBehind(userId: string, network: Network) {
  const requests: Request[] = [];
  const fetch = (request: Request) => {
    requests.push(request.clone());
    return network(() => globalThis.fetch(request), requests.length, request);
  };
  const lane = createTasklane({ baseUrl: service.url, token: await tokenOf(userId), fetch }).lane();
  return { lane, requests };
}

const refusal = (status: number, code: string, retryAfter: string) =>
  Response.json(
    { code, status, detail: code, request_id: 'r1' },
    { status, headers: { 'Retry-After': retryAfter } },
  );
const failed = () => Promise.reject(new TypeError('fetch failed'));

describe('a lane without an id', () => {
  test('is that of the token’s subject', async () => {
    const lane = createTasklane({ baseUrl: service.url, token: () => tokenOf('ada ü') }).lane();
    expect(await lane.userId()).toBe('ada ü');
    expect((await lane.tasks.create({ title: 'Mine' })).user_id).toBe('ada ü');
  });

  test('needs a token that is a JWT', async () => {
    const { lane } = createTasklane({ baseUrl: service.url, token: 'opaque' });
    await expect(lane().tasks.list()).rejects.toThrow('Call lane(userId).');
    await expect(createTasklane({ baseUrl: service.url }).lane().tasks.list()).rejects.toThrow(NoTokenError);
  });
});

describe('a write', () => {
  test('whose answer was lost is sent again under its key, and takes effect once', async () => {
    const { lane, requests } = await laneBehind('lost', async (send, attempt) => {
      const response = await send();
      return attempt === 1 ? failed() : response;
    });
    const task = await lane.tasks.create({ title: 'Once' });
    expect(requests).toHaveLength(2);
    const [first, second] = requests.map((each) => each.headers.get('Idempotency-Key'));
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).toBe(first);
    expect((await lane.tasks.list()).items).toEqual([task]);
  });

  test('has a new key for each call, or the given one', async () => {
    const { lane, requests } = await laneBehind('keys', (send) => send());
    await lane.tasks.create({ title: 'A' });
    await lane.tasks.create({ title: 'B' });
    await lane.tasks.create({ title: 'C' }, { idempotencyKey: 'mine' });
    const keys = requests.map((each) => each.headers.get('Idempotency-Key'));
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe('mine');
  });

  test('without a key is not sent again after a lost answer', async () => {
    const { lane, requests } = await laneBehind('unkeyed', (send, attempt) =>
      attempt === 2 ? failed() : send(),
    );
    const task = await lane.tasks.create({ title: 'A' });
    await expect(lane.tasks.delete(task.id)).rejects.toBeInstanceOf(TransportError);
    expect(requests).toHaveLength(2);
  });

  test.each([
    [503, 'service-unavailable'],
    [429, 'rate-limited'],
    [409, 'request-in-flight'],
  ])('that the service refused with %d %s is sent again', async (status, code) => {
    const { lane, requests } = await laneBehind(`refused-${status}`, async (send, attempt) =>
      attempt === 1 ? refusal(status, code, '0') : send(),
    );
    expect((await lane.tasks.create({ title: 'A' })).title).toBe('A');
    expect(requests).toHaveLength(2);
  });

  test('sets the condition and the preset fields of its method', async () => {
    const { lane } = await laneBehind('conditions', (send) => send());
    const task = await lane.tasks.create({ title: 'A' });
    const done = await lane.tasks.complete(task.id, {}, { ifMatch: task });
    expect(done.completed).toBe(true);
    expect((await lane.tasks.complete(task.id)).completed).toBe(true);
    const stale = await lane.tasks.reopen(task.id, {}, { ifMatch: task }).catch((error) => error);
    if (!isProblem(stale, 'precondition-failed')) throw stale;
    expect(stale.problem).toMatchObject({ current: done });
    expect((await lane.tasks.reopen(task.id)).completed).toBe(false);
  });
});

describe('a read', () => {
  test('is sent again until the attempts are used up', async () => {
    const { lane, requests } = await laneBehind('down', failed);
    await expect(lane.tasks.list({}, { retries: 1 })).rejects.toBeInstanceOf(TransportError);
    expect(requests).toHaveLength(2);
  });

  test('is not sent again if Retry-After is too long, or the problem is permanent', async () => {
    const { lane, requests } = await laneBehind('busy', async (send, attempt) =>
      attempt === 1 ? refusal(429, 'rate-limited', '31') : send(),
    );
    await expect(lane.tasks.list()).rejects.toMatchObject({ code: 'rate-limited' });
    await expect(lane.tasks.get('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e')).rejects.toMatchObject({
      status: 404,
    });
    expect(requests).toHaveLength(2);
  });

  test('ends after its time, and when it is aborted', async () => {
    const silent: Network = (_send, _attempt, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const { lane, requests } = await laneBehind('silent', silent);
    await expect(lane.tasks.list({}, { timeoutMs: 20, retries: 0 })).rejects.toThrow(
      'No response within 20 ms.',
    );
    const controller = new AbortController();
    const list = lane.tasks.list({}, { signal: controller.signal });
    const ended = list.catch((error) => error);
    controller.abort(new Error('The page was left.'));
    expect(await ended).toEqual(new Error('The page was left.'));
    expect(requests.length).toBeLessThanOrEqual(2);
  });

  test('of a list that is awaited twice is sent once', async () => {
    const { lane, requests } = await laneBehind('twice', (send) => send());
    const list = lane.tasks.list();
    expect(await list).toBe(await list);
    expect(requests).toHaveLength(1);
  });
});

test('files are responses, and can be imported', async () => {
  const { lane } = await laneBehind('files', (send) => send());
  await lane.tasks.create({ title: 'Exported' });
  const csv = await (await lane.transfer.exportCsv()).text();
  const { lane: other } = await laneBehind('files-2', (send) => send());
  expect(await other.transfer.importCsv(csv, { dry_run: true })).toMatchObject({ dry_run: true });
  await other.transfer.importCsv(new Blob([csv]));
  expect((await other.tasks.list()).items.map((each) => each.title)).toEqual(['Exported']);
});

describe('a kept token', () => {
  const signed = (lifetimeSeconds: number) =>
    signDevelopmentToken(testSecret, { userId: 'ada', lifetimeSeconds });

  test('is requested once for calls at the same time, and kept until 30 seconds before it expires', async () => {
    let count = 0;
    const lifetimes = [25, 60];
    const source = keepToken(() => signed(lifetimes[count++] as number));
    const tokens = await Promise.all(Array.from({ length: 10 }, () => source({ refresh: false })));
    expect([new Set(tokens).size, count]).toEqual([1, 1]);
    const second = await source({ refresh: false });
    expect([await source({ refresh: false }), count]).toEqual([second, 2]);
  });

  test('is replaced once, although several calls had it refused', async () => {
    let count = 0;
    const source = keepToken(() => signed(60 + count++));
    const refused = (await source({ refresh: false })) as string;
    const renewed = await source({ refresh: true, refused });
    expect(renewed).not.toBe(refused);
    expect(await source({ refresh: true, refused })).toBe(renewed);
    expect(count).toBe(2);
  });

  test.each<[string, readonly unknown[]]>([
    ['$sessionSignal', [true]],
    [
      'session',
      [
        { data: null, isPending: true },
        { data: { user: { id: 'ada' } }, isPending: false },
        { data: { user: { id: 'eve' } }, isPending: false },
      ],
    ],
  ])('is dropped when %s changes, also while it is requested', async (atom, values) => {
    let change = () => {};
    const answers: ((token: string) => void)[] = [];
    const source = betterAuthTokens({
      token: async () => ({ data: { token: await new Promise<string>((resolve) => answers.push(resolve)) } }),
      $store: {
        listen: (name, listener) => {
          if (name === atom) change = () => values.forEach(listener);
        },
      },
    });
    const before = source({ refresh: false });
    change();
    const after = source({ refresh: false });
    const [ada, eve] = [await signed(60), await signed(61)];
    answers[1]?.(eve);
    answers[0]?.(ada);
    expect(await Promise.all([before, after])).toEqual([ada, eve]);
    expect(await source({ refresh: false })).toBe(eve);
  });

  test('is asked for again after a failure', async () => {
    const answers = [
      { error: { status: 503 } },
      { error: { status: 401 } },
      { data: { token: await signed(60) } },
    ];
    const source = betterAuthTokens({ token: async () => answers.shift() ?? {} });
    await expect(source({ refresh: false })).rejects.toThrow(NoTokenError);
    expect(await source({ refresh: false })).toBeNull();
    expect(await source({ refresh: false })).toMatch(/^ey/);
  });
});
