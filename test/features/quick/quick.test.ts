/** Tests tasks that are created from sentences. `test/domain/words/` tests what is understood. */
import { todayIn } from '../../../src/domain/time/calendar';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

const service = useTestService({ RATE_LIMIT: 'off' });
let ada: TaskClient;
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const quick = (body: object, headers: Record<string, string> = {}) =>
  ada.send('POST', '/tasks/quick', { body, headers });

test('a wall clock time is an instant in the time zone, also when clocks change', async () => {
  // Clocks go forward at 02:00 on 29 March 2099.
  const text = 'Sleep on 29 March 2099 at 02:30';
  expect((await quick({ text, time_zone: 'Europe/Zurich' })).body.task).toMatchObject({
    due_date: '2099-03-29',
    due_time: '02:30',
    time_zone: 'Europe/Zurich',
    due_at: '2099-03-29T01:30:00.000Z',
  });
});

test('the time zone is that of the profile, and a task without a time has none', async () => {
  await ada.ok('PATCH', '/profile', { time_zone: 'Asia/Tokyo' });
  const call = await quick({ text: 'Call 5 May 2099 at 9:00' });
  expect(call.body.task).toMatchObject({ time_zone: 'Asia/Tokyo', due_at: '2099-05-05T00:00:00.000Z' });
  expect((await quick({ text: 'Call 5 May 2099' })).body.task).toMatchObject({
    time_zone: null,
    due_at: null,
  });
});

test.each(['Pacific/Kiritimati', 'Pacific/Pago_Pago'])('today is the day in %s', async (time_zone) => {
  const before = todayIn(time_zone, new Date());
  const { body } = await quick({ text: 'Call today', time_zone });
  expect([before, todayIn(time_zone, new Date())]).toContain(body.task.due_date);
});

test('the task is a task like any other: one change, and the position of the lane', async () => {
  const seq = await ada.seq();
  const { status, headers, body } = await quick({ text: 'Call Bob @phone p1' });
  expect(status).toBe(201);
  const changes = await ada.changesAfter(seq);
  expect(changes).toMatchObject([
    { type: 'tag', action: 'created' },
    { type: 'task', entity_id: body.task.id, action: 'created' },
  ]);
  expect(headers['tasklane-seq']).toMatch(`${seq + 2}-`);
  expect(await ada.ok('GET', `/tasks/${body.task.id}`)).toEqual(body.task);
});

test('with an idempotency key, one task is created', async () => {
  const send = () => quick({ text: 'Call Bob' }, { 'Idempotency-Key': 'once' });
  const [first, second] = [await send(), await send()];
  expect(second.headers['idempotency-replayed']).toBe('true');
  expect(second.body).toEqual(first.body);
  expect(await ada.all('/tasks')).toHaveLength(1);
});

test('a dry run creates neither task nor tag, and gives the fields of the task', async () => {
  const seq = await ada.seq();
  const text = 'Pay rent every 1st from 1 May 2099 at 9:00 @bills p2 !30m';
  const preview = await quick({ text, dry_run: true });
  expect(preview.status).toBe(200);
  expect(await ada.changesAfter(seq)).toEqual([]);
  const { task, fields } = (await quick({ text })).body;
  expect(preview.body).toMatchObject({ task: null, fields });
  expect(task).toMatchObject(fields);
});

test('projects are found by name, without archived ones and those of other users', async () => {
  const eve = await makeTaskClient(service);
  await eve.ok('POST', '/projects', { name: 'Secret' });
  const old = await ada.ok('POST', '/projects', { name: 'Old' });
  await ada.ok('PATCH', `/projects/${old.id}`, { archived: true });
  const house = await ada.ok('POST', '/projects', { name: 'Straße 5' });
  const { body } = await quick({ text: 'Paint #STRASSE 5 door #Old #Secret' });
  expect(body.task).toMatchObject({ project_id: house.id, title: 'Paint door #Old #Secret' });
  expect(body.left.map(({ reason }: { reason: string }) => reason)).toEqual([
    'unknown-project',
    'unknown-project',
  ]);
});

test('ranges count UTF-16 code units', async () => {
  const text = '😀 Party 5 May 2099 🎉 @fun';
  const { body } = await quick({ text });
  expect(body.task.title).toBe('😀 Party 🎉');
  const texts = body.pieces.map(({ start, end }: { start: number; end: number }) => text.slice(start, end));
  expect(texts).toEqual(['5 May 2099', '@fun']);
});

test.each([
  ['an empty text', { text: '' }, { pointer: '/body/text', code: 'too-short' }],
  ['white space', { text: '  ' }, { pointer: '/body/text', code: 'wrong-format' }],
  ['two lines', { text: 'a\nb' }, { pointer: '/body/text', code: 'wrong-format' }],
  ['a long text', { text: 'a'.repeat(501) }, { pointer: '/body/text', code: 'too-long' }],
  ['a long title', { text: `${'😀'.repeat(201)} 5 May 2099` }, { pointer: '/body/text', code: 'too-long' }],
  [
    'an unknown language',
    { text: 'Call', language: 'tlh' },
    { pointer: '/body/language', code: 'not-allowed' },
  ],
  ['an unknown zone', { text: 'Call', time_zone: 'Mars' }, { pointer: '/body/time_zone' }],
])('%s is refused', async (_, body, error) => {
  for (const dry_run of [false, true]) {
    const response = await quick({ ...body, dry_run });
    expect(response.status).toBe(422);
    expect(response.body).toMatchObject({ code: 'validation-failed', errors: [error] });
  }
  expect(await ada.all('/tasks')).toEqual([]);
});

test('a title of 200 characters is created', async () => {
  const title = '😀'.repeat(200);
  expect((await quick({ text: `${title} 5 May 2099` })).body.task).toMatchObject({
    title,
    due_date: '2099-05-05',
  });
});

test.each(['in 9999 years', 'in 9999 months', 'every 999 years', 'on 31.12.9999', 'in 9999 hours'])(
  'far dates do not fail: %s',
  async (words) => {
    expect((await quick({ text: `Call ${words}` })).status).toBe(201);
  },
);
