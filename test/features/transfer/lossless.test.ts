/** An export that is imported into a new lane gives the same export, with everything that a lane can have. */
import { parse } from 'csv-parse/sync';
import { addDays } from '../../../src/domain/time/calendar';
import type { Body } from '../../support/api';
import { randomFrom } from '../../support/random';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

const service = useTestService({ RATE_LIMIT: 'off' });

const zurich = { time_zone: 'Europe/Zurich' };
const reminders = [
  { at: '2094-01-01T10:00:00Z' },
  { minutes_before_due: 30 },
  { days_before_due: 0, time: '09:00' },
  { days_before_due: 1, time: '18:00' },
];

/** Tasks of every kind that one request can create. */
const kinds: Record<string, object> = {
  plain: {
    description: 'a\r\n"b", c; \\ 😀\tTab',
    priority: 'urgent',
    tags: ['Home', 'ä b; c'],
  },
  'all day': { due_date: '2094-01-31', reminders },
  timed: { due_date: '2094-01-31', due_time: '18:00', ...zurich, reminders },
  'in UTC': { due_date: '2094-01-31', due_time: '18:00', time_zone: 'UTC', reminders },
  floating: { due_date: '2094-01-31', due_time: '18:00', reminders },
  'only a start': { start_date: '2094-01-04', start_time: '20:00', reminders: [reminders[0]] },
  'start and due': { start_date: '2094-01-04', due_date: '2094-01-08', reminders },
  'start with a time': {
    start_date: '2094-01-04',
    start_time: '20:00',
    due_date: '2094-01-05',
    ...zurich,
    reminders,
  },
  'due with a time': {
    start_date: '2094-01-04',
    due_date: '2094-01-05',
    due_time: '02:00',
    ...zurich,
    reminders,
  },
  weekly: { start_date: '2094-01-04', due_date: '2094-01-08', rrule: 'FREQ=WEEKLY;BYDAY=MO', reminders },
  excluded: { due_date: '2094-01-04', rrule: 'FREQ=DAILY', excluded_dates: ['2094-01-06', '2094-01-07'] },
  'from the completion': {
    due_date: '2094-01-04',
    rrule: 'FREQ=DAILY;INTERVAL=3',
    repeat_from: 'completion',
  },
  hourly: {
    ...{
      start_date: '2094-01-04',
      start_time: '08:00',
      due_date: '2094-01-04',
      due_time: '10:00',
      ...zurich,
    },
    ...{ rrule: 'FREQ=HOURLY;INTERVAL=6', excluded_dates: ['2094-01-04T14:00', '2094-01-06'], reminders },
  },
  linked: {
    links: [
      { url: 'https://example.com/a,b;c?d=e:f', title: 'A "plan"; ^a, b' },
      { url: 'mailto:ada@example.com' },
    ],
  },
  'in progress': { status: 'in_progress' },
  cancelled: { status: 'cancelled', priority: 'low' },
  completed: { status: 'completed', completed_at: '2025-06-01T10:20:30.456Z' },
  "'=1+1": { description: '=1+1' },
};

/** Fills a lane, without completions of occurrences. */
async function fillTasks(user: TaskClient): Promise<Record<string, Body>> {
  const made: Record<string, Body> = {};
  for (const [title, body] of Object.entries(kinds)) made[title] = await user.create({ title, ...body });
  const project = await user.ok('POST', '/projects', { name: 'Garden', color: '#2f855a' });
  const parent = await user.create({ title: 'Parent', project_id: project.id });
  await user.create({ title: 'Child', parent_id: parent.id, due_date: '2094-01-31' });
  await user.ok('POST', `/tasks/${parent.id}/duplicate`, { subtasks: true });
  await user.ok('POST', `/tasks/${made.timed?.id}/move`, { before: made.plain?.id });
  return made;
}

/** Completes occurrences: the current one, one that is passed, and later ones. */
async function completeSome(user: TaskClient, tasks: Record<string, Body>): Promise<void> {
  const complete = (title: string, body: object = {}) =>
    user.ok('PATCH', `/tasks/${tasks[title]?.id}/complete`, { completed: true, ...body });
  await complete('weekly', { completed_at: '2025-06-02T10:20:30.456Z' });
  await complete('weekly', { occurrence: '2094-01-29' });
  await complete('excluded');
  await complete('excluded', { occurrence: '2094-01-12' });
  await complete('from the completion');
  await complete('hourly', { occurrence: '2094-01-04', occurrence_time: '22:00' });
  // A one-off change of the current occurrence, which excludes its former day.
  await user.ok('PATCH', `/tasks/${tasks.weekly?.id}`, { start_date: '2094-01-08' });
  await user.ok('PATCH', `/tasks/${tasks.excluded?.id}`, { due_date: '2094-01-10' });
}

/** Archived and deleted projects, tags with colours, the trash, and completions of purged tasks. */
async function fillOthers(user: TaskClient): Promise<void> {
  const [first, second] = [await user.project('First'), await user.project('Second')];
  await user.ok('POST', `/projects/${second.id}/move`, { before: first.id });
  await user.ok('PATCH', `/projects/${first.id}`, { archived: true });
  await user.create({ title: 'Put away', project_id: first.id, status: 'completed' });
  const daily = { due_date: '2094-01-04', rrule: 'FREQ=DAILY', tags: ['Home'], reminders };
  for (const name of ['Deleted', 'Deleted too', 'Deleted without tasks']) {
    const project = await user.ok('POST', '/projects', { name, color: '#123456' });
    for (const title of name.includes('without') ? [] : ['One', 'Two']) {
      const parent = await user.create({ title, project_id: project.id, ...daily });
      await user.create({ title: `Below ${title}`, parent_id: parent.id, status: 'completed' });
      await user.ok('PATCH', `/tasks/${parent.id}/complete`, { completed: true });
    }
    await user.ok('DELETE', `/projects/${project.id}?tasks=delete`);
  }
  const line = await user.chain(3);
  await user.ok('DELETE', `/tasks/${line[2]?.id}`);
  await user.ok('DELETE', `/tasks/${line[0]?.id}`);
  const purged = await user.create({ title: 'Purged', ...daily });
  for (let n = 0; n < 3; n++) await user.ok('PATCH', `/tasks/${purged.id}/complete`, { completed: true });
  await user.ok('DELETE', `/tasks/${purged.id}`);
  await user.ok('DELETE', `/trash/${purged.id}`);
  const [tag] = (await user.ok('GET', '/tags')).items;
  await user.ok('PATCH', `/tags/${tag.id}`, { color: '#654321' });
}

// What an import sets anew.
const renewed = ['user_id', 'version', 'updated_at'];

function withoutRenewed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, each) => (renewed.includes(key) ? undefined : each)));
}

async function importInto(user: TaskClient, extension: string, type: string, body: unknown): Promise<Body> {
  const response = await user.send('POST', `/import.${extension}`, {
    body,
    headers: { 'Content-Type': type },
  });
  expect(response).toMatchObject({ status: 200 });
  return response.body;
}

/** The next occurrences of each recurring task, by title. */
async function occurrencesOf(user: TaskClient): Promise<unknown> {
  const { tasks } = await user.ok('GET', '/export');
  const recurring = tasks.filter(({ rrule }: Body) => rrule !== null);
  const found: [string, unknown][] = [];
  for (const { id } of recurring)
    found.push([id, (await user.ok('GET', `/tasks/${id}/occurrences?limit=8`)).items]);
  return found;
}

let ada: TaskClient;
let bob: TaskClient;

beforeEach(async () => {
  [ada, bob] = [await makeTaskClient(service), await makeTaskClient(service)];
  await ada.ok('PATCH', '/profile', { ...zurich, week_start: 'sunday', default_priority: 'high' });
  await completeSome(ada, await fillTasks(ada));
});

test('JSON keeps everything', async () => {
  await fillOthers(ada);
  await ada.ok('PATCH', '/profile', { require_if_match: true });
  const { changes: _changes, exported_at: _at, ...before } = await ada.ok('GET', '/export');
  const isImported = (part: unknown) => part !== before.webhooks && part !== before.clients;
  expect(
    Object.values(before).every((part) => !Array.isArray(part) || part.length > 0 || !isImported(part)),
  ).toBe(true);
  expect(before.trash.filter((task: Body) => task.deleted_with_project)).toHaveLength(4);

  const file = { ...before, changes: [] };
  const report = await importInto(bob, 'json', 'application/json', file);
  expect(report).toMatchObject({ errors: 0, skipped: 0, warnings: 0 });
  const { changes: _changed, exported_at: _then, ...after } = await bob.ok('GET', '/export');
  expect(withoutRenewed(after)).toEqual(withoutRenewed(before));
  expect(await occurrencesOf(bob)).toEqual(await occurrencesOf(ada));
  expect(await importInto(bob, 'json', 'application/json', file)).toMatchObject({
    created: 0,
    skipped: report.created,
  });
  for (const list of ['/deleted-projects', '/trash', '/stats', '/projects', '/tags', '/completions']) {
    const of = async (user: TaskClient) => withoutRenewed(await user.ok('GET', list));
    expect(await of(bob)).toEqual(await of(ada));
  }
});

test('a project that was in the trash of a JSON export can be restored with its tasks', async () => {
  await fillOthers(ada);
  await importInto(bob, 'json', 'application/json', await ada.ok('GET', '/export'));
  const { items } = await bob.ok('GET', '/deleted-projects');
  const { project } = items.find((item: Body) => item.project.name === 'Deleted');
  await bob.ok('POST', `/projects/${project.id}/restore`);
  const { items: tasks } = await bob.ok('GET', `/tasks?project_id=${project.id}`);
  expect(tasks.map(({ title }: Body) => title).sort()).toEqual(['Below One', 'Below Two', 'One', 'Two']);
});

test('CSV keeps every field of the tasks', async () => {
  const records = async (user: TaskClient) =>
    (parse(await user.ok('GET', '/export.csv'), { columns: true }) as Record<string, string>[]).map(
      ({ user_id: _user, version: _version, updated_at: _at, ...fields }) => fields,
    );
  const before = await records(ada);
  const report = await importInto(bob, 'csv', 'text/csv', await ada.ok('GET', '/export.csv'));
  expect(report).toMatchObject({ errors: 0, skipped: 0 });
  expect(report.rows.filter((row: Body) => row.type !== 'file' && row.warnings.length > 0)).toEqual([]);
  await bob.ok('PATCH', '/profile', zurich);
  expect(await records(bob)).toEqual(before);
  expect(await occurrencesOf(bob)).toEqual(await occurrencesOf(ada));
});

test('iCalendar keeps everything except projects, positions and the notation of rules', async () => {
  const report = await importInto(bob, 'ics', 'text/calendar', await ada.ok('GET', '/export.ics'));
  expect(report).toMatchObject({ errors: 0, skipped: 0, ignored: 0, warnings: 0 });
  await bob.ok('PATCH', '/profile', zurich);
  const fields = ({ description, created_at, completed_at, ...task }: Body) => ({
    ...(withoutRenewed(task) as object),
    description: description?.replace(/\r\n/g, '\n') ?? null,
    created_at: created_at.slice(0, 19),
    completed_at: completed_at?.slice(0, 19),
    ...{ project_id: null, position: null, rrule: task.rrule !== null },
  });
  const of = async (user: TaskClient) => (await user.ok('GET', '/export')).tasks.map(fields);
  const ahead: Record<string, string[]> = {
    weekly: ['2094-01-25'],
    excluded: ['2094-01-12'],
    hourly: ['2094-01-04T20:00'],
  };
  // Completions are not in the file, so dates that are completed ahead of time are excluded.
  const expected = (await of(ada)).map((task: Body) => ({
    ...task,
    excluded_dates: [...task.excluded_dates, ...(ahead[task.title] ?? [])].sort(),
  }));
  expect(await of(bob)).toEqual(expected);
  expect(await occurrencesOf(bob)).toEqual(await occurrencesOf(ada));
});

describe('many combinations of fields', () => {
  const choices: Record<string, readonly unknown[]> = {
    start_date: [undefined, '2094-01-04', '2094-01-31', '2094-03-27'],
    start_time: [undefined, '00:00', '08:00', '02:30'],
    due_date: [undefined, '2094-01-04', '2094-01-08', '2094-03-28', '2094-10-31'],
    due_time: [undefined, '00:00', '10:00', '23:59'],
    time_zone: [undefined, 'Europe/Zurich', 'UTC', 'Asia/Kathmandu'],
    rrule: [
      ...[
        undefined,
        'FREQ=DAILY;INTERVAL=3',
        'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE',
        'FREQ=MONTHLY',
        'FREQ=YEARLY',
      ],
      ...['FREQ=MONTHLY;BYDAY=-1FR', 'FREQ=DAILY;COUNT=5', 'FREQ=HOURLY;INTERVAL=6', 'FREQ=HOURLY;COUNT=7'],
    ],
    repeat_from: ['schedule', 'schedule', 'completion'],
    excluded_dates: [undefined, ['2094-01-11']],
    description: [undefined, 'a\nb', '\\n;,', "'=1", ' lead', '\t'],
  };
  const moves = [-2, -1, 1, 5];

  /** Creates tasks from combinations that the service accepts. Some are completed, completed ahead of time, or moved. */
  async function fill(count: number): Promise<void> {
    const random = randomFrom(1);
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
    for (let n = 0; n < count; n++) {
      const body = Object.fromEntries(Object.entries(choices).map(([name, values]) => [name, pick(values)]));
      const own = reminders.filter(({ at }) => (at !== undefined || body.due_date) && pick([true, false]));
      const task = { title: `${n}`, ...body, reminders: own };
      const created = await ada.send('POST', '/tasks', { body: task });
      if (created.status !== 201 || created.body.rrule === null) continue;
      const path = `/tasks/${created.body.id}`;
      const complete = (body: object) =>
        ada.send('PATCH', `${path}/complete`, { body: { completed: true, ...body } });
      for (let times = pick([0, 1, 2]); times > 0; times--) await complete({});
      const [, , third] = (await ada.ok('GET', `${path}/occurrences?limit=3`)).items;
      if (third && pick([true, false])) {
        const time = third.due_time === null ? {} : { occurrence_time: third.due_time };
        await complete({ occurrence: third.due_date, ...time });
      }
      const { due_date } = await ada.read(created.body.id);
      if (pick([true, false]))
        await ada.send('PATCH', path, { body: { due_date: addDays(due_date, pick(moves)) } });
    }
  }

  const types = { json: 'application/json', csv: 'text/csv', ics: 'text/calendar' };

  test.each(['json', 'csv', 'ics'] as const)('come back from %s', async (extension) => {
    await fill(120);
    await bob.ok('PATCH', '/profile', zurich);
    const file = await ada.ok('GET', extension === 'json' ? '/export' : `/export.${extension}`);
    expect(await importInto(bob, extension, types[extension], file)).toMatchObject({ errors: 0 });
    const fields = ({ position, excluded_dates, rrule, created_at, completed_at, ...task }: Body) => {
      const rest = withoutRenewed(task);
      return extension === 'ics' ? rest : { rest, created_at, completed_at, position };
    };
    const of = async (user: TaskClient) => {
      const tasks: Body[] = (await user.ok('GET', '/export')).tasks.filter(({ title }: Body) =>
        /^\d+$/.test(title),
      );
      return { tasks: tasks.map(fields), occurrences: await occurrencesOf(user) };
    };
    const [before, after] = [await of(ada), await of(bob)];
    expect(before.tasks.length).toBeGreaterThan(40);
    expect(after).toEqual(before);
  });
});
