/** Imports files of other products. The files in `fixtures` are in the shapes of their exports. */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../../src/platform/paths';
import type { ApiResponse, Body } from '../../support/api';
import { importPaths } from '../../support/imports';
import { useTestService } from '../../support/service';
import { useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

const types: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  json: 'application/json',
  ics: 'text/calendar',
};
const fixture = (name: string) =>
  readFileSync(projectPath(`test/features/transfer/fixtures/${name}`), 'utf8');

function importText(extension: string, body: string, query = ''): Promise<ApiResponse> {
  const type = types[extension] as string;
  return ada.send('POST', `${importPaths[type]}${query}`, { body, headers: { 'Content-Type': type } });
}

const importJson = (value: unknown, query = '') => importText('json', JSON.stringify(value), query);
const importFixture = (name: string, query = '') =>
  importText(name.split('.').at(-1) as string, fixture(name), query);

const tasks = async (): Promise<Body[]> => (await ada.send('GET', '/tasks?sort=position')).body.items;
const projects = async (): Promise<Body[]> => (await ada.send('GET', '/projects')).body.items;
/** The warnings of the rows with warnings. */
const warningsIn = ({ body }: ApiResponse) =>
  body.rows
    .filter(({ warnings }: Body) => warnings.length > 0)
    .map(({ warnings }: Body) => warnings.map(({ field, found, used }: Body) => [field, found, used]));

const aDate = expect.stringMatching(/^\d{4}-\d\d-\d\d$/);
const atMinutes = (minutes_before_due: number) => ({
  ...{ at: null, days_before_due: null, time: null },
  minutes_before_due,
});
const atInstant = (at: string) => ({ at, days_before_due: null, time: null, minutes_before_due: null });
const zurich = { time_zone: 'Europe/Zurich' };

/** What becomes of a file. Tasks name their parent and project by title and name. */
interface Expected {
  readonly counts: object;
  readonly projects: object[];
  readonly tasks: object[];
  readonly warnings: [field: string, found: string | null, used: unknown][][];
}

const products: Record<string, Expected> = {
  'todoist.csv': {
    counts: { created: 7, errors: 0, ignored: 2 },
    projects: [],
    tasks: [
      {
        title: 'Pay the rent',
        description: 'By bank transfer\n\nComment: Ask for a receipt',
        priority: 'urgent',
        tags: ['home', 'money'],
        due_date: '2099-01-05',
        due_time: null,
      },
      {
        title: 'Find the account number',
        parent: 'Pay the rent',
        description: 'Responsible: Bob (2)\nDuration: 30 minute',
        priority: 'low',
      },
      {
        title: 'Water the plants',
        parent: undefined,
        priority: 'medium',
        tags: ['Errands'],
        due_date: aDate,
        due_time: '18:00',
        ...zurich,
        rrule: 'FREQ=DAILY;INTERVAL=3',
        repeat_from: 'completion',
      },
      {
        title: 'Take out the paper',
        due_date: aDate,
        rrule: 'FREQ=MONTHLY;BYMONTHDAY=1',
        repeat_from: 'schedule',
      },
      { title: 'Stand-up', priority: 'high', due_date: aDate, rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR' },
      { title: 'Call Tokyo', description: 'Date: whenever the moon is full', due_date: null, rrule: null },
      {
        title: 'Steuern',
        start_date: '2099-03-05',
        start_time: '14:30',
        time_zone: 'Europe/Berlin',
        due_date: '2099-03-31',
        due_time: null,
      },
    ],
    warnings: [
      [['note', 'Ask for a receipt', 'Comment: Ask for a receipt']],
      [
        ['responsible', 'Bob (2)', 'Responsible: Bob (2)'],
        ['duration', '30 minute', 'Duration: 30 minute'],
      ],
      [
        ['section', 'Errands', 'Errands'],
        ['date', 'every! 3 days at 18:00', expect.stringMatching(/^\S+ 18:00 FREQ=DAILY;INTERVAL=3$/)],
      ],
      [
        ['section', 'Errands', 'Errands'],
        ['date', 'every 1st', expect.stringMatching(/^\S+-01 FREQ=MONTHLY;BYMONTHDAY=1$/)],
      ],
      [
        ['section', 'Errands', 'Errands'],
        ['date', 'every weekday', expect.stringMatching(/^\S+ FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR$/)],
      ],
      [
        ['section', 'Errands', 'Errands'],
        ['date', 'whenever the moon is full', 'Date: whenever the moon is full'],
      ],
      [['section', 'Errands', 'Errands']],
    ],
  },
  'ticktick.csv': {
    counts: { created: 5, errors: 0, ignored: 0 },
    projects: [{ name: 'Garden' }],
    tasks: [
      {
        title: 'Water the plants',
        project: 'Garden',
        description: 'With rain water\n\nFolder: Home',
        priority: 'high',
        tags: ['green', 'outside', 'Spring'],
        due_date: '2099-01-05',
        due_time: null,
        start_date: null,
        rrule: 'FREQ=WEEKLY;INTERVAL=1;BYDAY=MO',
        reminders: [{ at: null, days_before_due: 0, time: '09:00', minutes_before_due: null }],
        created_at: '2026-10-09T15:09:48.000Z',
      },
      {
        title: 'Fill the can',
        parent: 'Water the plants',
        project: 'Garden',
        status: 'completed',
        completed_at: '2026-10-10T08:00:00.000Z',
      },
      {
        title: 'Call Tokyo',
        project: undefined,
        priority: 'low',
        start_date: '2099-02-01',
        start_time: '16:00',
        due_date: '2099-02-01',
        due_time: '17:00',
        time_zone: 'Asia/Tokyo',
        reminders: [atMinutes(30)],
      },
      {
        title: 'Learn the lunar calendar',
        description: 'Repeats: LUNAR:FREQ=YEARLY',
        status: 'cancelled',
        due_date: '2099-02-02',
        rrule: null,
      },
    ],
    warnings: [
      [
        ['column_name', 'Spring', 'Spring'],
        ['folder_name', 'Home', 'Folder: Home'],
      ],
      [['folder_name', 'Home', 'Folder: Home']],
      [
        ['priority', '2', null],
        ['repeat', 'LUNAR:FREQ=YEARLY', 'Repeats: LUNAR:FREQ=YEARLY'],
      ],
    ],
  },
  'google-tasks.json': {
    counts: { created: 4, errors: 0, ignored: 1 },
    projects: [{ name: 'My Tasks' }, { name: 'Someday' }],
    tasks: [
      {
        title: 'Pay the rent',
        project: 'My Tasks',
        description: 'By bank transfer',
        status: 'pending',
        due_date: '2099-01-05',
        due_time: null,
        links: [{ url: 'https://mail.google.com/mail/#all/1', title: 'The bill' }],
        created_at: '2026-11-01T08:00:00.123Z',
      },
      {
        title: 'Find the account number',
        parent: 'Pay the rent',
        status: 'completed',
        completed_at: '2026-11-19T10:30:00.000Z',
        due_date: '2026-11-19',
      },
    ],
    warnings: [],
  },
  'microsoft-todo.json': {
    counts: { created: 5, errors: 0, ignored: 0 },
    projects: [{ name: 'Household' }],
    tasks: [
      {
        title: 'Pay the rent',
        project: 'Household',
        description: 'By bank transfer & on time\nAlways',
        priority: 'high',
        tags: ['Money', 'Red category'],
        due_date: '2099-01-06',
        due_time: null,
        rrule: 'FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1;INTERVAL=2;COUNT=6',
        reminders: [atInstant('2099-01-05T08:00:00.000Z')],
        links: [{ url: 'https://example.com/bill', title: 'The bill' }],
        created_at: '2026-11-01T08:00:00.123Z',
      },
      {
        title: 'Find the account number',
        parent: 'Pay the rent',
        status: 'completed',
        completed_at: '2026-11-19T10:30:00.000Z',
      },
      { title: 'Transfer', parent: 'Pay the rent', status: 'pending' },
      { title: 'Wait for the answer', status: 'pending', priority: 'medium', description: null },
    ],
    warnings: [
      [['body', 'By <b>bank transfer</b> &amp; on time<br>Always', 'By bank transfer & on time\nAlways']],
      [['status', 'waitingOnOthers', 'pending']],
    ],
  },
  'trello.json': {
    counts: { created: 6, errors: 0, ignored: 0 },
    projects: [{ name: 'Flat', archived: false }],
    tasks: [
      {
        title: 'Pay the rent',
        project: 'Flat',
        description:
          'By bank transfer\n\nMembers: Ada Lovelace\nPrice: 900\nComment: The first comment\nComment: The second comment',
        status: 'pending',
        tags: ['Money', 'red', 'To do'],
        start_date: '2099-01-01',
        start_time: '09:00',
        due_date: '2099-01-05',
        due_time: '18:00',
        ...zurich,
        reminders: [atMinutes(1_440)],
        links: [
          { url: 'https://example.com/bill', title: 'The bill' },
          { url: 'https://trello.com/c/abc', title: 'Trello' },
        ],
        created_at: '2023-11-09T04:18:08.000Z',
      },
      {
        title: 'Sell the bike',
        status: 'completed',
        tags: ['Old'],
        due_date: '2026-10-01',
        due_time: '12:00',
      },
      { title: 'Never mind', status: 'cancelled' },
      { title: 'Find the account number', parent: 'Pay the rent', status: 'completed' },
      { title: 'Transfer', parent: 'Pay the rent', due_date: '2099-01-04', due_time: '11:00' },
    ],
    warnings: [
      [
        ['idList', 'To do', 'To do'],
        ['idMembers', 'Ada Lovelace', 'Members: Ada Lovelace'],
        ['customFieldItems', '900', 'Price: 900'],
        ['actions', 'The first comment', 'Comment: The first comment'],
        ['actions', 'The second comment', 'Comment: The second comment'],
      ],
      [
        ['closed', 'true', 'completed'],
        ['idList', 'Old', 'Old'],
      ],
      [
        ['closed', 'true', 'cancelled'],
        ['idList', 'To do', 'To do'],
      ],
      [['checklists', 'Steps', 'Checklist: Steps']],
      [['checklists', 'Steps', 'Checklist: Steps']],
    ],
  },
  'super-productivity.json': {
    counts: { created: 6, errors: 0, ignored: 1 },
    projects: [{ name: 'Garden', color: '#2f855a', archived: false }],
    tasks: [
      {
        title: 'Water the plants',
        project: 'Garden',
        description: 'With rain water\n\nTime estimate: 1 h 30 min\nTime spent: 1 min',
        tags: ['outside'],
        due_date: '2099-01-05',
        rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH',
        links: [{ url: 'https://example.com/plants', title: 'Plants' }],
        created_at: '2026-11-01T08:00:00.000Z',
      },
      {
        title: 'Fill the can',
        parent: 'Water the plants',
        status: 'completed',
        completed_at: '2026-11-02T08:00:00.000Z',
      },
      {
        title: 'Call Tokyo',
        project: undefined,
        description: 'Issue: GITHUB 12',
        due_date: '2099-01-31',
        due_time: '13:00',
        ...zurich,
        reminders: [atInstant('2099-01-31T11:30:00.000Z')],
      },
      {
        title: 'Pay the rent',
        project: 'Garden',
        tags: ['outside'],
        due_date: '2099-02-01',
        due_time: '09:00',
        rrule: 'FREQ=MONTHLY',
      },
      {
        title: 'Buy seeds',
        project: 'Garden',
        status: 'completed',
        completed_at: '2026-11-02T08:00:00.000Z',
      },
    ],
    warnings: [
      [
        ['timeEstimate', '1 h 30 min', 'Time estimate: 1 h 30 min'],
        ['timeSpent', '1 min', 'Time spent: 1 min'],
      ],
      [['issueId', 'GITHUB 12', 'Issue: GITHUB 12']],
      [['taskRepeatCfg', 'Pay the rent', '2099-02-01']],
    ],
  },
  'vikunja.json': {
    counts: { created: 3, errors: 0, ignored: 0 },
    projects: [{ name: 'Garden', color: '#2f855a', archived: false }],
    tasks: [
      {
        title: 'Water the plants',
        project: 'Garden',
        description:
          'With rain water\n\nPercent complete: 50\nAssigned to: ada\nComment: Not too much\nRelated (blocking): Fill the can',
        status: 'in_progress',
        priority: 'urgent',
        tags: ['Doing', 'favorite', 'outside'],
        start_date: '2099-01-05',
        start_time: '16:00',
        due_date: '2099-01-05',
        due_time: '18:00',
        ...zurich,
        rrule: 'FREQ=WEEKLY',
        repeat_from: 'completion',
        reminders: [atMinutes(30), atInstant('2099-01-04T08:00:00.000Z')],
      },
      {
        title: 'Fill the can',
        parent: 'Water the plants',
        status: 'completed',
        completed_at: '2026-10-10T08:00:00.000Z',
        due_date: null,
      },
    ],
    warnings: [
      [['description', 'Everything that grows', null]],
      [
        ['description', '<p>With <strong>rain</strong> water</p>', 'With rain water'],
        ['bucket_id', 'Doing', 'Doing'],
        ['is_favorite', 'true', 'favorite'],
        ['attachments', 'plants.jpg', null],
        ['percent_done', '50', 'Percent complete: 50'],
        ['assignees', 'ada', 'Assigned to: ada'],
        ['comments', 'Not too much', 'Comment: Not too much'],
        ['related_tasks', 'Fill the can', 'Related (blocking): Fill the can'],
      ],
    ],
  },
  'apple-reminders.ics': {
    counts: { created: 2, errors: 0, ignored: 0 },
    projects: [],
    tasks: [
      {
        title: 'Pay the rent',
        description: 'By bank transfer',
        priority: 'urgent',
        start_date: null,
        due_date: '2099-01-05',
        due_time: '09:00',
        time_zone: 'Europe/Berlin',
        rrule: 'FREQ=MONTHLY',
        reminders: [atInstant('2099-01-05T08:00:00.000Z')],
        links: [{ url: 'https://example.com/bill', title: null }],
      },
      {
        title: 'Find the account number',
        parent: 'Pay the rent',
        status: 'completed',
        completed_at: '2026-11-19T10:30:00.000Z',
        reminders: [],
      },
    ],
    warnings: [[['valarm', '19760401T005545Z', null]], [['valarm', '19760401T005545Z', null]]],
  },
  'thunderbird.ics': {
    counts: { created: 2, errors: 0, ignored: 0 },
    projects: [],
    tasks: [
      {
        title: 'Water the plants',
        description: 'Location: Garden\nPercent complete: 50',
        status: 'in_progress',
        tags: ['Garden', 'Home'],
        start_date: '2099-01-05',
        start_time: '08:00',
        due_date: '2099-01-05',
        due_time: '18:00',
        time_zone: 'Europe/Berlin',
        rrule: 'FREQ=WEEKLY;BYDAY=MO',
        excluded_dates: ['2099-01-12'],
        reminders: [atMinutes(30)],
        links: [{ url: 'https://example.com/plants', title: null }],
      },
      {
        title: 'Buy seeds',
        status: 'completed',
        completed_at: '2026-11-19T10:30:00.000Z',
        due_date: '2026-11-20',
      },
    ],
    warnings: [
      [
        ['location', 'Garden', 'Location: Garden'],
        ['percent-complete', '50', 'Percent complete: 50'],
      ],
    ],
  },
};

beforeEach(async () => {
  await ada.send('PATCH', '/profile', { body: zurich });
});

describe.each(Object.entries(products))('%s', (name, expected) => {
  test('becomes projects and tasks, and the report says what was made of the rest', async () => {
    const report = await importFixture(name);
    expect(report).toMatchObject({ status: 200, body: expected.counts });
    expect(warningsIn(report)).toEqual(expected.warnings);
    const [found, own] = [await tasks(), await projects()];
    expect(own).toMatchObject(expected.projects);
    const titles = new Map(found.map(({ id, title }) => [id, title]));
    const names = new Map(own.map((project) => [project.id, project.name]));
    const named = found.map((task) => ({
      ...task,
      parent: titles.get(task.parent_id),
      project: names.get(task.project_id),
    }));
    expect(named).toMatchObject(expected.tasks);
  });

  test('is imported once', async () => {
    const dry = await importFixture(name, '?dry_run=true');
    expect(await tasks()).toEqual([]);
    const first = await importFixture(name);
    expect(first.body).toEqual({ ...dry.body, dry_run: false });
    const { created } = first.body;
    const before = await tasks();
    expect((await importFixture(name)).body).toMatchObject({ created: 0, skipped: created, errors: 0 });
    expect(await tasks()).toEqual(before);
  });
});

describe('a later export', () => {
  test.each<[name: string, was: string, is: string]>([
    ['ticktick.csv', '"1",""\n', '"77",""\n'],
    ['google-tasks.json', 'By bank transfer', 'By card'],
    ['trello.json', 'By bank transfer', 'By card'],
    ['vikunja.json', 'Fill the can', 'Fill two cans'],
    ['super-productivity.json', 'With rain water', 'With water'],
    ['microsoft-todo.json', 'bank transfer', 'card'],
  ])('of %s has the same tasks', async (name, was, is) => {
    await importFixture(name);
    const changed = fixture(name).replaceAll(was, is).replace('"2","1"\n', '"2","77"\n');
    expect(changed).not.toBe(fixture(name));
    const { body } = await importText(name.split('.').at(-1) as string, changed);
    expect(body).toMatchObject({ created: 0, errors: 0 });
  });
});

describe('a row that cannot be read', () => {
  const list = (items: unknown[]) => ({ kind: 'tasks#tasks', title: 'My Tasks', items });

  test('has an error with its pointer, and the other rows are imported if the client wants that', async () => {
    const file = list([{ id: 'a', title: 'A task' }, 7, { id: 'b', title: 'Another task', parent: 'a' }]);
    const refused = await importJson(file);
    expect(refused).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/body/items/1', code: 'wrong-type' }] },
    });
    expect(await tasks()).toEqual([]);
    expect((await importJson(file, '?on_error=skip')).body).toMatchObject({ created: 3, errors: 1 });
    expect(await tasks()).toMatchObject([{ title: 'A task' }, { title: 'Another task' }]);
  });

  test('can be one that is too large', async () => {
    const file = list([{ id: 'a', title: 'A task', notes: 'x'.repeat(1024 * 1024) }]);
    const { body } = await importJson(file, '?dry_run=true');
    expect(body.rows.at(-1)).toMatchObject({ action: 'error', errors: [{ code: 'too-long' }] });
  });

  test('keeps what a task cannot have', async () => {
    const file = list([
      {
        id: 'a',
        title: '',
        notes: 'x'.repeat(20_000),
        due: 'soon',
        completed: '2999-01-01T00:00:00Z',
        status: 'completed',
      },
      { id: 'b', title: 'y'.repeat(300), parent: 'missing' },
    ]);
    const report = await importJson(file);
    expect(report.status).toBe(200);
    expect(await tasks()).toMatchObject([
      { title: `${'x'.repeat(199)}…`, description: 'x'.repeat(10_000), due_date: null },
      { title: `${'y'.repeat(199)}…`, description: 'y'.repeat(300), parent_id: null },
    ]);
    expect(
      report.body.rows.flatMap(({ warnings }: Body) => warnings.map(({ field }: Body) => field)),
    ).toEqual([...['title', 'completed', 'due', 'description'], ...['parent', 'title']]);
  });
});

test('a subtask gets the project of its parent', async () => {
  const task = (id: number, others: object = {}) => ({ id, title: `Task ${id}`, ...others });
  const parent = { related_tasks: { parenttask: [{ id: 1 }] } };
  const report = await importJson([
    { id: 1, title: 'One', is_archived: false, tasks: [task(1)] },
    { id: 2, title: 'Two', is_archived: false, tasks: [task(2, parent)] },
  ]);
  expect(report.body).toMatchObject({ created: 4, errors: 0, warnings: 1 });
  const [above, below] = await tasks();
  expect(below).toMatchObject({ parent_id: above?.id, project_id: above?.project_id });
});

test('lists and models of more than a megabyte are read', async () => {
  const notes = 'x'.repeat(2_000);
  const many = Array.from({ length: 1_000 }, (_, n) => ({ id: `t${n}`, title: `Task ${n}`, notes }));
  const lists = { items: [{ id: 'l', items: many, title: 'At the end' }], kind: 'tasks#taskLists' };
  expect((await importJson(lists)).body).toMatchObject({ created: 1_001, errors: 0 });
  expect(await projects()).toMatchObject([{ name: 'At the end' }]);
  const entities = Object.fromEntries(many.map((task) => [task.id, { ...task, projectId: 'p' }]));
  const data = {
    task: { ids: [], entities },
    project: { ids: [], entities: { p: { id: 'p', title: 'A project' } } },
    timeTracking: { project: { p: entities } },
  };
  expect((await importJson({ data, crossModelVersion: 4.5 })).body).toMatchObject({
    created: 1_001,
    errors: 0,
  });
});

test('the lists of Microsoft To Do can be a list themselves, and tasks can have no list', async () => {
  const item = { id: '1', title: 'A task', importance: 'low' };
  expect((await importJson([{ displayName: 'A list', tasks: [item] }])).body).toMatchObject({ created: 2 });
  expect((await importJson({ value: [{ ...item, id: '2' }] })).body).toMatchObject({ created: 1 });
  expect(await tasks()).toMatchObject([{ priority: 'low' }, { project_id: null }]);
});

test('an earlier version of Super Productivity has its models at the top', async () => {
  const file = {
    task: {
      ids: ['t'],
      entities: { t: { id: 't', title: 'A task', reminderId: 'r', plannedAt: 4073544000000 } },
    },
    project: { ids: [], entities: {} },
    reminders: [{ id: 'r', relatedId: 't', remindAt: 4073542200000 }],
    taskArchive: { ids: ['o'], entities: { o: { id: 'o', title: 'An old task', isDone: true } } },
  };
  expect((await importJson(file)).body).toMatchObject({ created: 2, errors: 0 });
  expect(await tasks()).toMatchObject([
    { title: 'A task', due_time: '13:00', reminders: [atInstant('2099-01-31T11:30:00.000Z')] },
    { title: 'An old task', status: 'completed' },
  ]);
});

test('rules that a task cannot have are kept as a text', async () => {
  const columns = 'List Name,Title,Is Check list,Status,Start Date,Is All Day,Repeat\n';
  const rows = [
    'x,Without a date,N,0,,,RRULE:FREQ=DAILY\n',
    'x,Hourly,N,0,2099-01-05T00:00:00+0000,true,RRULE:FREQ=HOURLY\n',
    'x,From the start,N,0,2099-01-05T08:00:00+0000,false,RRULE:FREQ=DAILY\n',
  ];
  const report = await importText('csv', columns + rows.join(''));
  expect(warningsIn(report)).toEqual([
    [['rrule', 'FREQ=DAILY', 'Repeats: FREQ=DAILY']],
    [['rrule', 'FREQ=HOURLY', 'Repeats: FREQ=HOURLY']],
  ]);
  expect(await tasks()).toMatchObject([
    { rrule: null, description: 'Repeats: FREQ=DAILY' },
    { rrule: null, due_date: '2099-01-05' },
    { rrule: 'FREQ=DAILY', due_date: '2099-01-05', due_time: '09:00', start_date: null },
  ]);
});

test('columns of a product that are not known are kept', async () => {
  const csv = 'TYPE,CONTENT,PRIORITY,INDENT,MOOD\ntask,A task,4,1,good\n';
  expect(warningsIn(await importText('csv', csv))).toEqual([[['mood', 'good', 'mood: good']]]);
  expect(await tasks()).toMatchObject([{ description: 'mood: good' }]);
});

test.each([
  ['A task @a @b @a', 'A task', ['a', 'b']],
  ['@a @b', '@a', ['b']],
  ['Mail x@example.com', 'Mail x@example.com', []],
  ['Meet @ the bar', 'Meet @ the bar', []],
  ['A  task\t@a', 'A  task', ['a']],
])('the labels of Todoist are at the end of the title: %s', async (content, title, tags) => {
  await importText('csv', `TYPE,CONTENT,PRIORITY,INDENT\ntask,${content},4,1\n`);
  expect(await tasks()).toMatchObject([{ title, tags }]);
});

test('of HTML, only tags are removed', async () => {
  const content = '<div>1 < 2 &amp; <b>3 > 2</b></div>Always';
  await importJson({ value: [{ id: '1', title: 'A task', body: { contentType: 'html', content } }] });
  expect(await tasks()).toMatchObject([{ description: '1 < 2 & 3 > 2\nAlways' }]);
});

test('the indentation of Todoist can leave out a level', async () => {
  const rows = [1, 3, 3, 4, 2].map((indent, index) => `task,Task ${index},4,${indent}\n`);
  await importText('csv', `TYPE,CONTENT,PRIORITY,INDENT\n${rows.join('')}`);
  const found = await tasks();
  const parents = found.map(({ parent_id }) => found.findIndex(({ id }) => id === parent_id));
  expect(parents).toEqual([-1, 0, 0, 2, 0]);
});

test.each<[string, unknown, string, string]>([
  ['an object', { items: [] }, '/body/format', 'required'],
  ['an empty object', {}, '/body/format', 'required'],
  ['a list', [{ a: 1 }], '/body', 'wrong-type'],
  ['an empty list', [], '/body', 'wrong-type'],
  ['a text', 'x', '/body', 'wrong-type'],
  [
    'an export with other fields',
    { format: 'tasklane-export', version: 2, cards: [], lists: [] },
    '/body/cards',
    'unknown',
  ],
  ['another version', { format: 'tasklane-export', version: 3 }, '/body/version', 'not-allowed'],
])('refuses a document of another shape: %s', async (_what, document, pointer, code) => {
  for (const query of ['', '?dry_run=true']) {
    const { status, body } = await importJson(document, query);
    expect(status).toBe(422);
    expect(body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
  }
});

test('refuses parameters that do not exist, whatever the document is', async () => {
  const { status, body } = await importJson({ kind: 'tasks#tasks', items: [] }, '?dry_run=perhaps&x=1');
  expect([status, body.errors.map(({ pointer }: Body) => pointer)]).toEqual([
    422,
    ['/query/x', '/query/dry_run'],
  ]);
});
