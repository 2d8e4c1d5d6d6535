/** A slow search must not block other requests. */
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

jest.setTimeout(180_000);

const tasks = 20_000;
const wordsOfTask = 70;
const searches = 20;

let ada: TestUser;
const service = useTestService();
beforeAll(async () => {
  ada = await makeUser(service.url);
  await ada.send('POST', '/tasks', { body: { title: 'First' } });
  // Words that no two tasks share; they are the same in every run.
  await query(
    service.database.url,
    `insert into tasklane.tasks (lane_id, id, title, description, search, search_version)
     select lane_of($1), gen_random_uuid(), 'Task ' || n, words, array_to_tsvector(string_to_array(words, ' ')), 2
     from generate_series(1, $2::int) as n, lateral (
       select string_agg(substr(md5(n || '-' || k), 1, 10), ' ') as words from generate_series(1, $3::int) as k
     ) as made`,
    [ada.id, tasks, wordsOfTask],
  );
});

test(`${searches} at once do not delay another user's requests, and get a result or a 503`, async () => {
  const bob = await makeUser(service.url);
  const { body: task } = await bob.send('POST', '/tasks', { body: { title: 'Mine' } });
  const slow = Array.from({ length: searches }, (_, n) => ada.send('GET', `/tasks?q=zzzqqq${n}`));
  let running = searches;
  for (const each of slow) void each.finally(() => running--);
  const took: number[] = [];
  while (running > 0) {
    const began = performance.now();
    expect((await bob.send('GET', `/tasks/${task.id}`)).status).toBe(200);
    took.push(performance.now() - began);
  }
  const answers = await Promise.all(slow);
  expect(took.length).toBeGreaterThan(1);
  // Without limits the whole pool would be in use until the statement timeout of ten seconds.
  expect(Math.max(...took)).toBeLessThan(2_000);
  // Requests that wait too long get a 503 with Retry-After.
  for (const { status, headers } of answers) {
    if (status !== 200) expect([status, Number(headers['retry-after']) > 0]).toEqual([503, true]);
  }
  const answered = answers.filter(({ status }) => status === 200);
  expect(answered.length).toBeGreaterThan(0);
  for (const { body } of answered) {
    expect(body.items).toEqual([]);
    // The lane is too large to compare all its words in time, and the response says so.
    expect(body.search).toEqual({ typo_tolerance: false, approximate: false });
  }
});

test('finds exactly the matching tasks in the same lane', async () => {
  const { status, body } = await ada.send('GET', '/tasks?q=first');
  expect(status).toBe(200);
  expect(body.items.map(({ title }: { title: string }) => title)).toEqual(['First']);
});
