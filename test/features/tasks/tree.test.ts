/** Tests subtasks: their depth, parents and project. Tests due dates. */
import { randomUUID } from 'node:crypto';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

let ada: TaskClient;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const ids = (tasks: readonly { id: string }[]) => tasks.map((task) => task.id);

describe('levels', () => {
  test('are limited to five', async () => {
    const line = await ada.chain(5);
    expect(line.map((task) => task.parent_id)).toEqual([null, ...ids(line).slice(0, 4)]);
    const sixth = { title: 'Level 6', parent_id: line[4].id };
    expect(await ada.validationErrors('POST', '/tasks', sixth)).toEqual(['/body/parent_id too-deep']);
  });

  test.each([
    [2, 3, true],
    [2, 4, false],
    [4, 1, true],
    [5, 1, false],
    [1, 4, true],
    [1, 5, false],
  ])('below level %i, with a new tree of %i, give: %s', async (above, height, fits) => {
    const [upper, lower] = [await ada.chain(above), await ada.chain(height)];
    const wanted = { parent_id: upper.at(-1).id };
    for (const [method, path, body] of [
      ['POST', `/tasks/${lower[0].id}/move`, wanted],
      ['PATCH', `/tasks/${lower[0].id}`, wanted],
      ['PUT', `/tasks/${lower[0].id}`, { title: 'Moved', ...wanted }],
    ] as const) {
      if (fits) expect((await ada.ok(method, path, body)).parent_id).toBe(wanted.parent_id);
      else expect(await ada.validationErrors(method, path, body)).toEqual(['/body/parent_id too-deep']);
    }
  });

  test('do not count subtasks in the trash', async () => {
    const [upper, lower] = [await ada.chain(2), await ada.chain(4)];
    await ada.ok('DELETE', `/tasks/${lower[3].id}`);
    const moved = await ada.ok('POST', `/tasks/${lower[0].id}/move`, { parent_id: upper[1].id });
    expect(moved.parent_id).toBe(upper[1].id);
  });
});

describe('a parent', () => {
  test.each([1, 2, 5])('cannot be the task itself or a task below it (%i levels)', async (height) => {
    const line = await ada.chain(height);
    const before = await ada.seq();
    for (const { id } of line) {
      const wanted = { parent_id: id };
      expect(await ada.validationErrors('PATCH', `/tasks/${line[0].id}`, wanted)).toEqual([
        '/body/parent_id cycle',
      ]);
      expect(await ada.validationErrors('POST', `/tasks/${line[0].id}/move`, wanted)).toEqual([
        '/body/parent_id cycle',
      ]);
    }
    expect(await ada.seq()).toBe(before);
  });

  test('must be a task of the lane that is not in the trash', async () => {
    const bob = await makeTaskClient(service);
    const deleted = await ada.create();
    await ada.ok('DELETE', `/tasks/${deleted.id}`);
    for (const parent_id of [randomUUID(), (await bob.create()).id, deleted.id]) {
      expect(await ada.validationErrors('POST', '/tasks', { title: 'Lost', parent_id })).toEqual([
        '/body/parent_id not-in-lane',
      ]);
    }
  });

  test('can be set and removed by a patch, and stays if the patch omits it', async () => {
    const [parent, child] = [await ada.create(), await ada.create()];
    const below = await ada.ok('PATCH', `/tasks/${child.id}`, { parent_id: parent.id });
    expect(below).toMatchObject({ parent_id: parent.id, version: 2 });
    expect((await ada.ok('PATCH', `/tasks/${child.id}`, { title: 'Still below' })).parent_id).toBe(parent.id);
    expect((await ada.ok('PATCH', `/tasks/${child.id}`, { parent_id: null })).parent_id).toBeNull();
    const seq = await ada.seq();
    await ada.ok('PATCH', `/tasks/${child.id}`, { parent_id: null });
    expect(await ada.seq()).toBe(seq);
  });

  test('is removed by a PUT that sets it to null; the same is true for the project', async () => {
    const project = await ada.project();
    const [, child] = await ada.chain(2, { project_id: project.id });
    expect(child.project_id).toBe(project.id);
    const parts = { parent_id: null, project_id: null };
    expect(await ada.ok('PUT', `/tasks/${child.id}`, parts)).toMatchObject(parts);
  });
});

describe("a subtask's project", () => {
  test("is the parent's project, and a request that names another one is rejected", async () => {
    const [one, other] = [await ada.project(), await ada.project()];
    const parent = await ada.create({ project_id: one.id });
    const below = { title: 'Below', parent_id: parent.id };
    const child = await ada.create(below);
    expect(child.project_id).toBe(one.id);
    expect((await ada.create({ ...below, project_id: one.id })).project_id).toBe(one.id);
    const contradiction = ['/body/project_id contradiction'];
    for (const project_id of [null, other.id, randomUUID()]) {
      expect(await ada.validationErrors('POST', '/tasks', { ...below, project_id })).toEqual(contradiction);
      expect(await ada.validationErrors('PATCH', `/tasks/${child.id}`, { project_id })).toEqual(
        contradiction,
      );
      expect(await ada.validationErrors('POST', `/tasks/${child.id}/move`, { project_id })).toEqual(
        contradiction,
      );
      expect(await ada.validationErrors('PUT', `/tasks/${child.id}`, { ...below, project_id })).toEqual(
        contradiction,
      );
    }
    expect((await ada.ok('PATCH', `/tasks/${child.id}`, { project_id: one.id })).version).toBe(1);
    expect(
      await ada.ok('PATCH', `/tasks/${child.id}`, { project_id: other.id, parent_id: null }),
    ).toMatchObject({ project_id: other.id, parent_id: null });
  });

  test('follows when the tree moves to another project: each task gets a change and keeps its id', async () => {
    const [one, other] = [await ada.project(), await ada.project()];
    const line = await ada.chain(5, { project_id: one.id });
    const aside = await ada.create({ project_id: one.id });
    const seq = await ada.seq();
    await ada.ok('PATCH', `/tasks/${line[0].id}`, { project_id: other.id });
    const changes = await ada.changesAfter(seq);
    expect(changes.map(({ entity_id, action, fields }) => ({ entity_id, action, fields }))).toEqual(
      ids(line).map((entity_id) => ({
        entity_id,
        action: 'updated',
        fields: { project_id: { from: one.id, to: other.id } },
      })),
    );
    const moved = await ada.all(`/tasks?project_id=${other.id}&sort=created_at`);
    expect(moved).toEqual(
      line.map((task) => ({
        ...task,
        project_id: other.id,
        version: 2,
        updated_at: expect.any(String),
      })),
    );
    expect(ids(await ada.all(`/tasks?project_id=${one.id}`))).toEqual([aside.id]);
  });

  test("becomes the new parent's project, and stays when the tree moves to the root", async () => {
    const [one, other] = [await ada.project(), await ada.project()];
    const parent = await ada.create({ project_id: one.id });
    const line = await ada.chain(3, { project_id: other.id });
    await ada.ok('POST', `/tasks/${line[0].id}/move`, { parent_id: parent.id });
    for (const { id } of line) expect((await ada.read(id)).project_id).toBe(one.id);
    await ada.ok('POST', `/tasks/${line[1].id}/move`, { parent_id: null });
    for (const { id } of line) expect((await ada.read(id)).project_id).toBe(one.id);
    await ada.ok('POST', `/tasks/${line[1].id}/move`, { project_id: null });
    expect((await ada.read(line[2].id)).project_id).toBeNull();
  });

  test('must be in the lane', async () => {
    const bob = await makeTaskClient(service);
    for (const project_id of [randomUUID(), (await bob.project()).id]) {
      expect(await ada.validationErrors('POST', '/tasks', { title: 'Lost', project_id })).toEqual([
        '/body/project_id not-in-lane',
      ]);
    }
  });
});

describe('due dates', () => {
  test.each([
    [{ due_time: '09:00' }, ['/body/due_time contradiction']],
    [{ time_zone: 'Europe/Zurich' }, ['/body/time_zone contradiction']],
    [
      { due_time: '09:00', time_zone: 'Europe/Zurich' },
      ['/body/due_time contradiction', '/body/time_zone contradiction'],
    ],
    [{ due_date: null, due_time: '09:00' }, ['/body/due_time contradiction']],
  ])('require a date for a time or a zone: %j', async (due, wanted) => {
    const task = await ada.create();
    expect(await ada.validationErrors('POST', '/tasks', { title: 'Due', ...due })).toEqual(wanted);
    expect(await ada.validationErrors('PATCH', `/tasks/${task.id}`, due)).toEqual(wanted);
    expect(await ada.validationErrors('PUT', `/tasks/${task.id}`, { title: 'Due', ...due })).toEqual(wanted);
  });

  const due = { due_date: '2026-11-28', due_time: '18:00', time_zone: 'Europe/Zurich' };
  const none = { due_date: null, due_time: null, time_zone: null, due_at: null };

  test('lose the time and the zone with the date, and the change names each field', async () => {
    const task = await ada.create(due);
    expect(task.due_at).toBe('2026-11-28T17:00:00.000Z');
    const seq = await ada.seq();
    expect(await ada.ok('PATCH', `/tasks/${task.id}`, { due_date: null })).toMatchObject(none);
    const [change] = await ada.changesAfter(seq);
    expect(change?.fields).toEqual(
      Object.fromEntries(Object.entries(due).map(([field, from]) => [field, { from, to: null }])),
    );
  });

  test.each([
    [{ due_time: null }, null],
    [{ time_zone: null }, null],
    [{ due_time: '19:30' }, '2026-11-28T18:30:00.000Z'],
    [{ due_date: '2026-06-28' }, '2026-06-28T16:00:00.000Z'],
    [{ time_zone: 'Asia/Tokyo' }, '2026-11-28T09:00:00.000Z'],
    [{ title: 'Other' }, '2026-11-28T17:00:00.000Z'],
  ])('can change in one part: %j', async (patch, due_at) => {
    const task = await ada.create(due);
    expect(await ada.ok('PATCH', `/tasks/${task.id}`, patch)).toMatchObject({ ...due, ...patch, due_at });
  });

  test.each([
    // Clocks skip from 02:00 to 03:00.
    ['2026-03-29', '02:30', 'Europe/Zurich', '2026-03-29T01:30:00.000Z'],
    ['2026-03-08', '02:00', 'America/New_York', '2026-03-08T07:00:00.000Z'],
    // Clocks show this time twice.
    ['2026-10-25', '02:30', 'Europe/Zurich', '2026-10-25T00:30:00.000Z'],
    ['2026-11-01', '01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    // Clocks change by half an hour.
    ['2026-10-04', '02:15', 'Australia/Lord_Howe', '2026-10-03T15:45:00.000Z'],
    // A day that starts at 01:00, and a day that did not exist.
    ['2026-04-24', '00:30', 'Africa/Cairo', '2026-04-23T22:30:00.000Z'],
    ['2011-12-30', '12:00', 'Pacific/Apia', '2011-12-30T22:00:00.000Z'],
  ])('become an instant: %s %s in %s', async (due_date, due_time, time_zone, due_at) => {
    const wanted = { due_date, due_time, time_zone, due_at };
    const task = await ada.create({ due_date, due_time, time_zone });
    expect(task).toMatchObject(wanted);
    expect(await ada.read(task.id)).toMatchObject(wanted);
  });

  test.each(['Pacific/Kiritimati', 'Pacific/Pago_Pago', null])(
    'do not shift if they are all day: %s',
    async (time_zone) => {
      const wanted = { due_date: '2026-03-29', due_time: null, time_zone, due_at: null };
      const task = await ada.create({ due_date: '2026-03-29', time_zone });
      expect(await ada.read(task.id)).toMatchObject(wanted);
    },
  );

  test.each([
    ['9999-12-31', '23:00', 'America/Los_Angeles'],
    ['0001-01-01', '00:00', 'Asia/Tokyo'],
  ])(
    'are rejected if the instant is outside of the years 0001 to 9999: %s %s %s',
    async (due_date, due_time, time_zone) => {
      const body = { title: 'Beyond', due_date, due_time, time_zone };
      expect(await ada.validationErrors('POST', '/tasks', body)).toEqual(['/body/due_date wrong-format']);
      const floating = await ada.create({ ...body, time_zone: null });
      expect(await ada.validationErrors('PATCH', `/tasks/${floating.id}`, { time_zone })).toEqual([
        '/body/due_date wrong-format',
      ]);
      expect(ids(await ada.all('/tasks?sort=due', 1))).toEqual([floating.id]);
    },
  );
});

test('all validation errors of a body are in one response', async () => {
  const body = { title: 'Lost', parent_id: randomUUID(), due_time: '09:00', time_zone: 'Europe/Zurich' };
  expect(await ada.validationErrors('POST', '/tasks', body)).toEqual([
    '/body/due_time contradiction',
    '/body/parent_id not-in-lane',
    '/body/time_zone contradiction',
  ]);
});
