/** An import needs less memory than the size of its file. */
import { once } from 'node:events';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { importPaths } from '../../support/imports';
import { startProcess } from '../../support/process';
import { testSecret } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const mib = 1024 * 1024;
// The service alone takes more than half of it, because it is compiled when it is loaded.
const heapMib = 144;
const fileMib = 160;
const rows = (fileMib * mib) / 10_000;
const text = 'x'.repeat(9_900);

const fileOf: Record<string, () => Generator<string>> = {
  *'application/json'() {
    yield '{"format":"tasklane-export","version":2,"tasks":[';
    for (let n = 0; n < rows; n++) {
      const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      yield `${n === 0 ? '' : ','}{"id":"${id}","title":"Task ${n}","description":"${text}"}`;
    }
    yield ']}';
  },
  *'text/csv'() {
    yield 'title,description\n';
    for (let n = 0; n < rows; n++) yield `Task ${n},${text}\n`;
  },
  *'text/calendar'() {
    yield 'BEGIN:VCALENDAR\n';
    for (let n = 0; n < rows; n++) yield `BEGIN:VTODO\nSUMMARY:Task ${n}\nDESCRIPTION:${text}\nEND:VTODO\n`;
    yield 'END:VCALENDAR\n';
  },
};

let database: TestDatabase;
let service: ReturnType<typeof startProcess>;
let ada: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  service = startProcess({
    DATABASE_URL: database.url,
    BETTER_AUTH_SECRET: testSecret,
    JOBS: 'none',
    RATE_LIMIT: 'off',
    // A large young generation would use up the heap.
    NODE_OPTIONS: `--max-old-space-size=${heapMib} --max-semi-space-size=4`,
  });
  ada = await makeUser(await service.url);
});
afterAll(async () => {
  service.child.kill();
  await service.ended;
  await database.drop();
});

test.each(Object.keys(fileOf))('a file of %s that is larger than the heap is read', async (type) => {
  const upload = request(`${await service.url}${ada.lane}${importPaths[type]}?dry_run=true`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${ada.token}`, 'Content-Type': type },
  });
  const answered = once(upload, 'response');
  await pipeline(fileOf[type] as () => Generator<string>, upload);
  const [response] = await answered;
  let report = '';
  for await (const piece of response) report += piece;
  expect(response.statusCode).toBe(200);
  expect(JSON.parse(report)).toMatchObject({ created: Math.ceil(rows), errors: 0 });
  expect(service.child.exitCode).toBeNull();
});
