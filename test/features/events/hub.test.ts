/** Tests the hub alone: streams with full buffers, and shared reads. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { readHistory } from '../../../src/features/changes/repository';
import { createEventHub, type EventHub, type EventSettings } from '../../../src/features/events/hub';
import type { EventStream } from '../../../src/platform/contract/http/event-stream';
import type { Database } from '../../../src/platform/database/database';
import type { UserScope } from '../../../src/platform/database/lane';
import { parsePosition } from '../../../src/platform/database/lane';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { numbers } from '../../support/event-reader';
import { openDatabase } from '../../support/open-database';
import { until } from '../../support/until';

let testDatabase: TestDatabase;
let database: Database;
const hubs: EventHub[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url);
});
afterEach(() => {
  for (const hub of hubs.splice(0)) hub.close();
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

function makeHub(
  settings: Partial<EventSettings> = {},
  findMoved = async (): Promise<string[]> => [],
): EventHub {
  const hub = createEventHub({
    settings: {
      pollMs: 20,
      idlePollMs: 20,
      heartbeatMs: 60_000,
      maxStreams: 100,
      maxStreamsPerUser: 100,
      ...settings,
    },
    findMoved,
    log: pino({ level: 'silent' }),
  });
  hubs.push(hub);
  return hub;
}

/** Makes a lane with `count` changes. `reads` returns how often the lane was read. */
async function makeLane(count: number): Promise<{ userId: string; lane: UserScope; reads: () => number }> {
  const userId = randomUUID();
  const scope = database.withUser(userId);
  await scope.write(async (lane) => {
    for (let n = 0; n < count; n++) {
      lane.changed({ type: 'task', id: randomUUID(), action: 'deleted', fields: {} });
    }
  });
  let reads = 0;
  const lane: UserScope = {
    ...scope,
    read: (work) => {
      reads++;
      return scope.read(work);
    },
  };
  return { userId, lane, reads: () => reads };
}

/** A stream whose test decides whether its buffer is full. */
class FakeStream implements Pick<EventStream, 'send' | 'end' | 'cut'> {
  readonly sent: string[] = [];
  ended: string | null = null;
  wasCut = false;
  constructor(public taking = true) {}
  send(text: string): boolean {
    this.sent.push(text);
    return this.taking;
  }
  end(text: string): void {
    this.ended = text;
  }
  cut(): void {
    this.wasCut = true;
  }
  seqs(): number[] {
    return [...this.sent.join('').matchAll(/^id: (\d+)-.*\nevent: change$/gm)].map(([, seq]) => Number(seq));
  }
}

async function open(
  hub: EventHub,
  { userId, lane }: { userId: string; lane: UserScope },
  { stream = new FakeStream(), from = null as number | null, expiresAt = Date.now() + 3_600_000 } = {},
) {
  const history = await database.withUser(userId).read(readHistory);
  const subscriber = hub.subscribe({
    userId,
    lane,
    clientId: null,
    expiresAt,
    history,
    from: from === null ? null : { epoch: history.epoch, seq: from },
  });
  if (typeof subscriber === 'string') throw new Error(subscriber);
  subscriber.opened(stream as unknown as EventStream);
  return { stream, subscriber };
}

const change = (userId: string) =>
  database
    .withUser(userId)
    .write(async (lane) => lane.changed({ type: 'task', id: randomUUID(), action: 'deleted', fields: {} }));

test('a stream with a full buffer gets no more until it drains', async () => {
  const hub = makeHub();
  const lane = await makeLane(450);
  const stream = new FakeStream(false);
  const { subscriber } = await open(hub, lane, { stream, from: 0 });
  await until(() => stream.sent.length === 2);
  const [opening, first] = stream.sent as [string, string];
  expect(opening).toMatch(/^retry: /);
  // A page is larger than one write.
  expect(first.length).toBeLessThan(20_000);
  const other = await open(hub, lane, { from: 0 });
  await until(() => other.stream.seqs().length === 450);
  expect(stream.sent).toHaveLength(2);

  subscriber.drained();
  await until(() => stream.sent.length === 3);
  expect(stream.seqs().length).toBeLessThan(450);
  stream.taking = true;
  subscriber.drained();
  await until(() => stream.seqs().length === 450);
  expect(stream.seqs()).toEqual(numbers(1, 450));
  subscriber.closed();
  other.subscriber.closed();
});

test('a client that reads nothing for too long is disconnected, also after the end of its stream', async () => {
  const hub = makeHub({ heartbeatMs: 50 });
  const lane = await makeLane(1);
  const stuck = await open(hub, lane, { stream: new FakeStream(false), from: 0 });
  const expired = await open(hub, lane, { expiresAt: Date.now() + 40 });
  await until(() => stuck.stream.wasCut);
  expect(stuck.stream.ended).toBeNull();
  // The service sent the end of the stream, but the client does not read that either.
  await until(() => expired.stream.wasCut);
  expect(expired.stream.ended).toContain('token-expired');
  stuck.subscriber.closed();
  expired.subscriber.closed();
});

test('streams of a lane at the same change share one read', async () => {
  const hub = makeHub();
  const lane = await makeLane(3);
  const opened = await Promise.all(numbers(1, 50).map(() => open(hub, lane)));
  expect(lane.reads()).toBe(0);
  await change(lane.userId);
  hub.wake(lane.userId);
  await until(() => opened.every(({ stream }) => stream.seqs().length === 1));
  expect(lane.reads()).toBe(1);
  for (const { subscriber } of opened) subscriber.closed();
});

test('one poll reads all lanes with streams in this process, and no others', async () => {
  const asked: { userId: string; seq: number }[][] = [];
  const hub = makeHub({}, async (...[lanes]: unknown[]) => {
    asked.push(lanes as { userId: string; seq: number }[]);
    return [];
  });
  const lanes = [await makeLane(1), await makeLane(2)];
  const opened = await Promise.all([...lanes, ...lanes].map((lane) => open(hub, lane)));
  asked.length = 0;
  await until(() => asked.length > 0);
  expect(new Map(asked[0]?.map(({ userId, seq }) => [userId, seq]))).toEqual(
    new Map(lanes.map(({ userId }, index) => [userId, index + 1])),
  );
  for (const { subscriber } of opened) subscriber.closed();
  asked.length = 0;
  // Without streams it does not poll; meanwhile another hub polls several times.
  let looks = 0;
  const other = makeHub({}, async () => {
    looks++;
    return [];
  });
  const { subscriber } = await open(other, await makeLane(1));
  await until(() => looks >= 4);
  expect(asked).toEqual([]);
  subscriber.closed();
});

test('a failed read is repeated and logged once', async () => {
  const lines: string[] = [];
  const lane = await makeLane(1);
  let failures = 3;
  const failing: UserScope = {
    ...lane.lane,
    read: async (work) => {
      if (failures-- > 0) throw new Error('The database is unavailable.');
      return lane.lane.read(work);
    },
  };
  const hub = createEventHub({
    settings: { pollMs: 20, idlePollMs: 20, heartbeatMs: 60_000, maxStreams: 10, maxStreamsPerUser: 10 },
    findMoved: async () => [],
    log: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
  });
  hubs.push(hub);
  const { stream, subscriber } = await open(hub, { ...lane, lane: failing }, { from: 0 });
  await until(() => stream.seqs().length === 1);
  expect(failures).toBeLessThanOrEqual(0);
  expect(lines).toHaveLength(1);
  subscriber.closed();
});

test('event ids are parsed in the form in which they are written', () => {
  const epoch = randomUUID();
  expect(parsePosition(`12-${epoch}`)).toEqual({ seq: 12, epoch });
  expect(parsePosition('0-00000000-0000-0000-0000-000000000000')).toEqual({ seq: 0, epoch: null });
});
