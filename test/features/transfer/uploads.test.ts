/** Tests concurrent imports: slots, total size, and slow clients. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ApiResponse, send } from '../../support/api';
import { holdLane, waitingForLocks } from '../../support/held-lane';
import { useTestService } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, type TestUser } from '../../support/user';

const patienceMs = 1_000;
const waitMs = 400;
const maxBytes = 200_000;

let users: TestUser[];

const service = useTestService({
  RATE_LIMIT: 'off',
  IMPORT_CONCURRENCY: '1',
  IMPORT_WAIT_MS: String(waitMs),
  IMPORT_MAX_BYTES: String(maxBytes),
  IMPORT_TOTAL_BYTES: String(maxBytes),
  IMPORT_BYTES_PER_SECOND: '1000',
  IMPORT_PATIENCE_MS: String(patienceMs),
});
beforeEach(async () => {
  users = await Promise.all(Array.from({ length: 4 }, () => makeUser(service.url)));
});

const headers = { 'Content-Type': 'text/csv' };
const importInto = (user: TestUser, body: string): Promise<ApiResponse> =>
  send(service.url, 'POST', `${user.lane}/import.csv`, { token: user.token, body, headers });

/** A socket that has sent the head of an import, and its response. */
function openUpload(user: TestUser, length: number, more = ''): { socket: Socket; answer(): string } {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes;
  });
  socket.on('error', () => undefined);
  socket.write(
    `POST ${user.lane}/import.csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\nContent-Type: text/csv\r\nContent-Length: ${length}\r\n${more}\r\n`,
  );
  return { socket, answer: () => answer };
}

test('clients below the minimum rate take no import slot, get 408, and can upload again', async () => {
  const [ada, bob, carol] = users as [TestUser, TestUser, TestUser];
  const drips = [ada, bob].map((user) => {
    const upload = openUpload(user, 10_000);
    const timer = setInterval(() => upload.socket.write('x'), patienceMs / 10);
    return { ...upload, closed: once(upload.socket, 'close').finally(() => clearInterval(timer)) };
  });
  // Both have arrived when the service rejects a second file of the same user.
  for (const user of [ada, bob]) await until(async () => (await importInto(user, 'title\n')).status === 503);
  expect(await importInto(carol, 'title\nOne\n')).toMatchObject({ status: 200, body: { created: 1 } });
  for (const { closed, answer } of drips) {
    await closed;
    expect(answer()).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer()).toContain('less than 1000 bytes per second');
  }
  expect((await importInto(ada, 'title\nTwo\n')).status).toBe(200);
});

test.each(['', 'Content-Encoding: gzip\r\n'])(
  'a client that stops sending gets 408, with %j',
  async (coding) => {
    const [ada] = users as [TestUser];
    const { socket, answer } = openUpload(ada, 10_000, coding);
    socket.write(coding === '' ? 'title\n' : Buffer.from([0x1f, 0x8b]));
    await once(socket, 'close');
    expect(answer()).toMatch(/^HTTP\/1\.1 408 /);
  },
);

test('a client that is slow but above the minimum rate can finish', async () => {
  const [ada] = users as [TestUser];
  const piece = `${'x'.repeat(99)}\n`;
  const [count, everyMs] = [30, 60];
  const { socket, answer } = openUpload(ada, 6 + count * piece.length);
  socket.write('title\n');
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(piece);
    if (++sent === count) clearInterval(timer);
  }, everyMs);
  await until(() => answer().endsWith('0\r\n\r\n'), 4 * count * everyMs);
  expect(answer()).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
});

test('complete files wait for an import slot, and are refused if that takes too long', async () => {
  const [ada, bob, carol, dan] = users as [TestUser, TestUser, TestUser, TestUser];
  const held = await holdLane(service.database.url, ada.id);
  const first = importInto(ada, 'title\nOne\n');
  try {
    await until(async () => (await waitingForLocks(service.database.url)) > 0);
    const refused = await importInto(bob, 'title\nTwo\n');
    expect(refused).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
    expect(refused.body.detail).toContain('1 at a time');
    // A client that disconnects loses its place in the queue.
    const { socket } = openUpload(carol, 6);
    socket.write('title\n');
    await until(async () => (await importInto(carol, 'title\n')).body.detail.includes('yours'));
    socket.destroy();
    const waiting = importInto(dan, 'title\nThree\n');
    await held.release();
    expect((await first).status).toBe(200);
    expect((await waiting).status).toBe(200);
  } finally {
    await held.release();
  }
  expect((await importInto(bob, 'title\nTwo\n')).status).toBe(200);
  await until(async () => (await importInto(carol, 'title\nFour\n')).status === 200);
});

test('all files together have a size limit, and a finished import does not count any more', async () => {
  const [ada, bob] = users as [TestUser, TestUser];
  const large = `title\n${'x'.repeat(99)}\n`.padEnd(maxBytes - 1_000, '\n');
  const held = await holdLane(service.database.url, ada.id);
  const first = importInto(ada, large);
  try {
    await until(async () => (await waitingForLocks(service.database.url)) > 0);
    const refused = await importInto(bob, large);
    expect(refused).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining('all the space for files') },
    });
  } finally {
    await held.release();
  }
  expect((await first).status).toBe(200);
  expect((await importInto(bob, large)).status).toBe(200);
});
