/** Tests the spooled body of an import: its location, its limits and its removal. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type ClientRequest, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { maxItemBytes } from '../../../src/platform/contract/bodies/json-items';
import type { ApiResponse, Body } from '../../support/api';
import { holdLane, waitingForLocks } from '../../support/held-lane';
import { importPaths } from '../../support/imports';
import { startTestService, type TestService } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, type TestUser } from '../../support/user';

const maxBytes = 4 * maxItemBytes;
const csvType = { 'Content-Type': 'text/csv' };

let directory: string;
let service: TestService;
let ada: TestUser;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tasklane-import-'));
  service = await startTestService({
    RATE_LIMIT: 'off',
    IMPORT_DIR: directory,
    IMPORT_MAX_BYTES: String(maxBytes),
  });
});
beforeEach(async () => {
  ada = await makeUser(service.url);
});
afterEach(async () => {
  await until(() => filesOpen() === 0);
  expect(readdirSync(directory)).toEqual([]);
});
afterAll(async () => {
  await service.stop();
  await rm(directory, { recursive: true });
});

/** The number of open files of the directory, also deleted ones; works only on Linux. */
function filesOpen(): number {
  if (process.platform !== 'linux') return 0;
  const pathOf = (descriptor: string) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      // It was closed after the directory was read.
      return '';
    }
  };
  return readdirSync('/proc/self/fd').filter((each) => pathOf(each).startsWith(directory)).length;
}

function importInto(
  user: TestUser,
  body: unknown,
  headers: Record<string, string> = {},
  query = '',
): Promise<ApiResponse> {
  const path = importPaths[headers['Content-Type'] ?? 'application/json'];
  return user.send('POST', `${path}${query}`, { body, headers });
}

/** An upload that has sent only its first part. */
function beginUpload(user: TestUser, part: string | Buffer, headers: Record<string, string>): ClientRequest {
  const upload = request(`${service.url}${user.lane}/import.csv`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${user.token}`, ...headers },
  });
  upload.on('error', () => undefined);
  upload.write(part);
  return upload;
}

const titles = async (user: TestUser) =>
  (await user.send('GET', '/tasks?sort=position')).body.items.map((task: Body) => task.title);

describe('a body that is cut short', () => {
  test.each([
    ['by its client', (upload: ClientRequest) => upload.destroy()],
    ['by its connection', (upload: ClientRequest) => upload.socket?.resetAndDestroy()],
  ])('stores nothing if it is cut %s', async (_whom, cut) => {
    const upload = beginUpload(ada, 'title\nOne\nTwo\n', csvType);
    await until(() => process.platform !== 'linux' || filesOpen() === 1);
    cut(upload);
    await until(() => filesOpen() === 0);
    expect(await titles(ada)).toEqual([]);
    // Its slot is free again.
    expect(await importInto(ada, 'title\nThree\n', csvType)).toMatchObject({ status: 200 });
    expect(await titles(ada)).toEqual(['Three']);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('of %s is malformed, like a body that is not in this coding', async (coding, compress) => {
    const whole = compress('title\nOne\nTwo\n');
    for (const body of [whole.subarray(0, -5), Buffer.from('title\nOne\n')]) {
      const refused = await importInto(ada, body, { ...csvType, 'Content-Encoding': coding });
      expect(refused).toMatchObject({ status: 400, body: { code: 'malformed-body' } });
    }
    const taken = await importInto(ada, whole, { ...csvType, 'Content-Encoding': coding });
    expect(taken).toMatchObject({ status: 200, body: { created: 2 } });
  });
});

describe('a body that is too large', () => {
  const text = `title\n${'Task\n'.repeat(maxBytes / 4)}`;
  const tooLarge = { status: 413, body: { code: 'content-too-large' } };

  test('is rejected with or without a Content-Length', async () => {
    expect(await importInto(ada, text, csvType)).toMatchObject(tooLarge);
    const upload = beginUpload(ada, text, csvType);
    const [response] = await once(upload, 'response');
    expect(response.statusCode).toBe(413);
    upload.destroy();
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is measured after %s is decompressed', async (coding, compress) => {
    const body = compress(text);
    expect(body.length).toBeLessThan(maxBytes / 100);
    expect(await importInto(ada, body, { ...csvType, 'Content-Encoding': coding })).toMatchObject(tooLarge);
  });

  test('is rejected too if its long text is outside of the lists', async () => {
    const body = { format: 'tasklane-export', version: 2, exported_at: 'x'.repeat(maxItemBytes) };
    expect(await importInto(ada, body)).toMatchObject(tooLarge);
  });
});

test('an unknown content coding is rejected', async () => {
  const refused = await importInto(ada, 'title\nOne\n', { ...csvType, 'Content-Encoding': 'compress' });
  expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
});

describe('a row that is too large', () => {
  const long = 'x'.repeat(maxItemBytes);
  const detail = expect.stringContaining(`must be at most ${maxItemBytes} bytes`);
  const good = { id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', title: 'One' };

  test.each<[string, string, string, object[]]>([
    [
      'JSON',
      'application/json',
      JSON.stringify({
        format: 'tasklane-export',
        version: 2,
        tasks: [good, { title: long }, { title: 'x' }],
        changes: [{ fields: long }],
      }),
      [
        { row: 1, action: 'create' },
        {
          row: 2,
          action: 'error',
          id: null,
          errors: [{ pointer: '/body/tasks/1', code: 'too-long', detail }],
        },
        { row: 3, action: 'error', errors: [{ pointer: '/body/tasks/2/id', code: 'required' }] },
      ],
    ],
    [
      'CSV',
      'text/csv',
      `title,description\nOne,\nTwo,"${long}\nThree,\n`,
      [
        { row: 1, line: 2, action: 'create' },
        { row: 2, line: 3, action: 'error', errors: [{ pointer: '/body/2', code: 'too-long', detail }] },
      ],
    ],
    [
      'iCalendar',
      'text/calendar',
      `BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:One\nEND:VTODO\nBEGIN:VTODO\nSUMMARY:${long}\nEND:VTODO\nBEGIN:VEVENT\n${long}\nEND:VEVENT\nBEGIN:VTODO\nSUMMARY:Three\nEND:VTODO\nEND:VCALENDAR`,
      [
        { row: 1, line: 2, action: 'create' },
        { row: 2, line: 5, action: 'error', errors: [{ pointer: '/body/2', code: 'too-long', detail }] },
        { row: 3, line: 11, action: 'create' },
      ],
    ],
  ])('of %s is a validation error of that row', async (_format, type, body, rows) => {
    const dry = await importInto(ada, body, { 'Content-Type': type }, '?dry_run=true');
    expect(dry).toMatchObject({ status: 200, body: { rows } });
    expect(dry.body.rows).toHaveLength(rows.length);
    expect((await importInto(ada, body, { 'Content-Type': type })).status).toBe(422);
    expect(await titles(ada)).toEqual([]);
  });

  test('with many validation errors lists the first hundred', async () => {
    const surplus = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`field${n}`, n]));
    const tasks = Array.from({ length: 20 }, () => ({ ...good, ...surplus, id: randomUUID() }));
    const body = { format: 'tasklane-export', version: 2, tasks };
    const dry = await importInto(ada, body, {}, '?dry_run=true');
    expect(dry.body).toMatchObject({ errors: 20, rows_omitted: 19, errors_omitted: 1_900 });
    expect(dry.body.rows.map((row: Body) => row.errors.length)).toEqual([100]);
    const refused = await importInto(ada, body);
    expect(refused.body.errors).toHaveLength(100);
    expect(refused.body.errors_omitted).toBe(1_900);
    expect(refused.body.detail).toContain('and 1999 more errors');
  });
});

test('a second import of the same user at the same time is refused', async () => {
  const held = await holdLane(service.database.url, ada.id);
  const importing = importInto(ada, 'title\nOne\n', csvType);
  try {
    await until(async () => (await waitingForLocks(service.database.url)) > 0);
    const second = await importInto(ada, 'title\nTwo\n', csvType);
    expect(second).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
    expect(second.body.detail).toContain('yours');
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
  } finally {
    await held.release();
  }
  expect((await importing).status).toBe(200);
  expect(await titles(ada)).toEqual(['One']);
});

test('without a directory for files only imports fail, and the log says so', async () => {
  const elsewhere = join(directory, 'nowhere');
  const roomless = await startTestService({ IMPORT_DIR: elsewhere });
  try {
    const bob = await makeUser(roomless.url);
    const errors = () => roomless.logged.filter(({ msg }) => msg === 'cannot write temporary files');
    // The service logs this when it starts.
    expect(errors()).toMatchObject([{ directory: elsewhere, err: { code: 'ENOENT' } }]);
    for (let time = 0; time < 3; time++) {
      expect(await importInto(bob, 'title\nOne\n', csvType)).toMatchObject({
        status: 503,
        body: { code: 'service-unavailable', detail: expect.stringContaining('no disk space') },
      });
    }
    expect(errors()).toHaveLength(4);
    expect((await bob.send('POST', '/tasks', { body: { title: 'A task' } })).status).toBe(201);
  } finally {
    await roomless.stop();
  }
});
