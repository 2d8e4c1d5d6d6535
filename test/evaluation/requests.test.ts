/** Proves that the checks of the evaluation accept a solution by tools, and refuse an agent that does nothing. */
import { createAgent } from '../../scripts/evaluation/agent';
import { now, readLane, seedLane, sender } from '../../scripts/evaluation/lane';
import { checkRequest, requests } from '../../scripts/evaluation/requests';
import { stopClock } from '../support/clock';
import { mcpTokenOf, tokenOf, useTestService } from '../support/service';

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(() => stopClock(now));
afterEach(() => jest.useRealTimers());

/** Calls a tool. @returns its text @throws if it fails */
type CallTool = (name: string, args?: object) => Promise<string>;
type IdsOf = (...titles: string[]) => Promise<string[]>;
/** Solves a request. @returns the answer to the user */
type Solution = (call: CallTool, idsOf: IdsOf) => Promise<string | undefined>;

const ofText = (text: string) =>
  text
    .split('\n')
    .slice(1)
    .map((line) => line.slice(0, 8));

/** Deletes with the confirmation of the user. */
async function remove(call: CallTool, ids: string[]): Promise<undefined> {
  const confirm = /confirm (\S+) within/.exec(await call('delete_tasks', { ids }))?.[1];
  await call('delete_tasks', { ids, confirm });
}

const reschedule =
  (title: string, fields: object): Solution =>
  async (call, idsOf) => {
    const [id] = await idsOf(title);
    await call('reschedule_tasks', { tasks: [{ id, ...fields }] });
    return undefined;
  };
const onIds =
  (tool: string, ...titles: string[]): Solution =>
  async (call, idsOf) => {
    await call(tool, { ids: await idsOf(...titles) });
    return undefined;
  };

/** A solution of each request, by its number. */
const solutions: Record<number, Solution> = {
  1: (call) => call('get_day'),
  2: async (call) => {
    const ids = ofText(await call('find_tasks', { view: 'overdue' }));
    const to = { due_date: '2026-11-27', due_time: '09:00' };
    await call('reschedule_tasks', { tasks: ids.map((id) => ({ id, ...to })) });
    return undefined;
  },
  3: (call) =>
    call('add_tasks', {
      tasks: [{ title: 'Buy a present for Mia', due_date: '2026-11-28', project: 'Home' }],
    }),
  4: (call) =>
    call('add_tasks', {
      tasks: [
        {
          title: 'Check the smoke detector',
          due_date: '2026-12-01',
          due_time: '08:00',
          rrule: 'FREQ=MONTHLY;BYMONTHDAY=1',
        },
      ],
    }),
  5: onIds('complete_tasks', 'Pay the electricity bill'),
  6: onIds('complete_tasks', 'Water the plants'),
  7: onIds('skip_occurrences', 'Take out the recycling'),
  8: reschedule('Pay rent', { due_date: '2026-12-03' }),
  9: async (call, idsOf) => {
    const [id] = await idsOf('Water the plants');
    await call('update_tasks', { tasks: [{ id, rrule: 'FREQ=DAILY;INTERVAL=3' }] });
    await call('reschedule_tasks', { tasks: [{ id, due_date: '2026-11-27' }] });
    return undefined;
  },
  10: reschedule('Go to the dentist', { due_time: '10:30' }),
  11: async (call) => {
    const ids = ofText(await call('find_tasks', { project: 'Reading list', limit: 100 }));
    await call('update_tasks', { tasks: ids.map((id) => ({ id, tags: ['someday'] })) });
    return undefined;
  },
  12: (call) => call('find_tasks', { project: 'Reading list', limit: 1 }),
  13: async (call, idsOf) => remove(call, await idsOf('Buy milk', 'Buy oat milk')),
  14: async (call, idsOf) =>
    remove(call, await idsOf('Book train tickets', 'Renew the passport', 'Pack the suitcase')),
  15: async (call) => call('restore_tasks', { ids: ofText(await call('find_tasks', { deleted: true })) }),
  16: async (call, idsOf) => {
    const [parent] = await idsOf('Pack the suitcase');
    return call('add_tasks', { tasks: ['Sunscreen', 'Sandals'].map((title) => ({ title, parent })) });
  },
  17: async (call, idsOf) => {
    const [parent, id] = await idsOf('Pack the suitcase', 'Charger');
    await call('complete_tasks', { ids: [id] });
    return call('find_tasks', { parent });
  },
  18: async (call, idsOf) => {
    await call('save_project', { name: 'Kitchen' });
    const ids = await idsOf('Fix the dripping tap', 'Call the landlord about the tap');
    return call('move_tasks', { ids, project: 'Kitchen' });
  },
  19: (call) => call('save_tag', { tag: 'phone', name: 'calls' }),
  20: (call) => call('find_tasks', { completed_after: '2026-11-23T00:00:00+01:00' }),
  21: async (call) => `${await call('find_tasks', { text: 'call', due_until: '2026-11-29' })}`,
  22: async (call, idsOf) => {
    const [id] = await idsOf('Write the quarterly report');
    const description = 'Include the figures of the third quarter.\nAsk Jonas for the figures.';
    return call('update_tasks', { tasks: [{ id, priority: 'urgent', description }] });
  },
  23: async (call) => {
    const request = /Request (\S+):/.exec(await call('find_activity', { limit: 5 }))?.[1];
    return call('undo_changes', { request });
  },
  24: async (call, idsOf) => {
    const [task] = await idsOf('Renew the passport');
    return call('find_activity', { task });
  },
  25: async (call, idsOf) => {
    const [id] = await idsOf('Renew the insurance');
    await call('reopen_tasks', { ids: [id] });
    return call('reschedule_tasks', { tasks: [{ id, due_date: '2026-12-02' }] });
  },
  26: (call) => call('find_tasks', { tags_all: ['waiting'] }),
  27: reschedule('Return the library books', { due_date: null }),
  28: async (call) => {
    const id = /"?Garden"? (\w{8})/.exec(await call('list_projects_and_tags'))?.[1];
    return call('save_project', { id, archived: true });
  },
  29: async (call, idsOf) => {
    const ids = await idsOf('Review the budget draft', 'Write notes of the stand-up');
    return call('reschedule_tasks', { tasks: ids.map((id) => ({ id, due_date: '2026-11-30' })) });
  },
  30: (call) => call('find_tasks', { due_from: '2026-11-30', due_until: '2026-12-06' }),
};

async function makeLane(userId: string, before = {}) {
  const send = sender(service.url, userId, await tokenOf(userId));
  await seedLane(send, before);
  return send;
}

test('there are 30 different requests', () => {
  expect(new Set(requests.map(({ text }) => text)).size).toBe(30);
  expect(Object.keys(solutions)).toEqual(requests.map((_, index) => String(index + 1)));
});

test.each(requests.map((request, index) => [index + 1, request.text, request] as const))(
  'request %i can be solved, and is not solved by doing nothing: %s',
  async (number, _, request) => {
    const send = await makeLane(`solving-${number}`, request.before);
    const start = await readLane(await makeLane(`untouched-${number}`));
    for (const answer of ['', 'Done.']) {
      expect(checkRequest(request, start, await readLane(send), answer)).not.toEqual([]);
    }
    const agent = createAgent(service.url, await mcpTokenOf(service.url, `solving-${number}`));
    const call: CallTool = async (name, args = {}) => {
      const { text, isError } = await agent.call(name, args);
      if (isError) throw new Error(text);
      return text;
    };
    const idsOf: IdsOf = async (...titles) => {
      const { items } = await send('GET', '/tasks?limit=200');
      return titles.map((title) => items.find((each: { title: string }) => each.title === title).id);
    };
    const answer = (await solutions[number]?.(call, idsOf)) ?? '';
    expect(checkRequest(request, start, await readLane(send), answer)).toEqual([]);
  },
);

test('a lane that an agent damaged is not accepted', async () => {
  const start = await readLane(await makeLane('start'));
  const [request] = requests as [(typeof requests)[number]];
  const answer = 'budget bread stand-up electricity dentist plants travel report recycling';
  expect(checkRequest(request, start, start, answer)).toEqual([]);
  const without = { ...start, tasks: start.tasks.slice(1) };
  expect(checkRequest(request, start, without, answer)).toHaveLength(1);
  const more = { ...start, tasks: [...start.tasks, { ...start.tasks[0], title: 'More' }] } as typeof start;
  expect(checkRequest(request, start, more, answer)).toHaveLength(1);
  expect(checkRequest(request, start, { ...start, projects: [] }, answer)).toHaveLength(1);
});
