/** Proves that the checks of the evaluation accept a solution by tools, and refuse an agent that does nothing. */
import { readFileSync } from 'node:fs';
import { createAgent } from '../../scripts/evaluation/agent';
import { clockStatements, now, timeSetter } from '../../scripts/evaluation/clock';
import {
  type Cost,
  compared,
  counted,
  countedOperations,
  operationTools,
  solutionsByOperations,
  tokensOf,
  tokensOfTools,
} from '../../scripts/evaluation/cost';
import { type LaneState, readLane, seedLane, sender } from '../../scripts/evaluation/lane';
import { checkRequest, requests } from '../../scripts/evaluation/requests';
import { solutions } from '../../scripts/evaluation/solutions';
import { projectPath } from '../../src/platform/paths';
import { stopClock } from '../support/clock';
import { query } from '../support/database';
import { mcpTokenOf, tokenOf, useTestService } from '../support/service';

const service = useTestService(
  { RATE_LIMIT: 'off' },
  { prepare: async ({ url }) => void (await query(url, clockStatements)) },
);
beforeEach(() => stopClock(now));
afterEach(() => jest.useRealTimers());

const table = new Map(
  readFileSync(projectPath('docs/agents.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', ...cells]) => [name, cells.map((cell) => Number(cell.replaceAll(',', '')))]),
);

/** Requires that a row of the table in `docs/agents.md` has these figures, except for small differences of the tokens. */
function expectShown(name: string, figures: number[]): void {
  const shown = table.get(name) ?? [];
  figures.forEach((figure, index) => {
    const differs = Math.abs(figure - (shown[index] ?? 0)) > Math.max(5, figure * 0.05);
    expect({ name, index, differs, figure, shown: differs ? shown[index] : figure }).toMatchObject({
      differs: false,
    });
  });
}

// The lane of each request before it, read once.
let start: LaneState | undefined;

async function makeLane(userId: string, before = {}) {
  const send = sender(service.url, userId, await tokenOf(userId));
  const setTime = timeSetter((sql, values) => query(service.database.url, sql, values), userId);
  await seedLane(send, setTime, before);
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
    start ??= await readLane(await makeLane('untouched'));
    for (const answer of ['', 'Done.']) {
      expect(checkRequest(request, start, await readLane(send), answer)).not.toEqual([]);
    }
    const agent = createAgent(service.url, await mcpTokenOf(service.url, `solving-${number}`));
    const cost: Cost = { tokens: 0, calls: 0 };
    const call = counted(agent, cost);
    const answer = String((await solutions[number]?.(call)) ?? '');
    expect(checkRequest(request, start, await readLane(send), answer)).toEqual([]);
    if (compared.includes(number)) expectShown(request.text, [cost.tokens, cost.calls]);
  },
);

test('the table of tokens has the present lists of tools, and its sums', async () => {
  const agent = createAgent(service.url, await mcpTokenOf(service.url, 'lister'));
  const operations = tokensOf(JSON.stringify(operationTools()));
  const lists = table.get('the list of tools, once for each conversation') ?? [];
  const tools = await tokensOfTools(agent);
  expect(Math.abs((lists[0] ?? 0) - tools) / tools).toBeLessThan(0.02);
  expect(Math.abs((lists[2] ?? 0) - operations) / operations).toBeLessThan(0.02);
  const rows = compared.map((number) => table.get((requests[number - 1] as { text: string }).text) ?? []);
  const sums = [0, 1, 2, 3].map((index) => rows.reduce((sum, row) => sum + (row[index] ?? 0), 0));
  expect(table.get('**all 20**')?.slice(0, 4)).toEqual(sums);
});

test('the requests by operations cost what the table shows', async () => {
  for (const number of [2, 13]) {
    const cost: Cost = { tokens: 0, calls: 0 };
    await solutionsByOperations[number]?.(countedOperations(await makeLane(`operations-${number}`), cost));
    const { text } = requests[number - 1] as (typeof requests)[number];
    const [, , tokens = 0, calls] = table.get(text) ?? [];
    expect(calls).toBe(cost.calls);
    expect(Math.abs(tokens - cost.tokens) / cost.tokens).toBeLessThan(0.05);
  }
});

test('the times of the seeded history and of a change agree with the clock', async () => {
  await makeLane('historian');
  const agent = createAgent(service.url, await mcpTokenOf(service.url, 'historian'));
  const week = { since: '2026-11-23T00:00:00+01:00', until: now };
  const completed = await agent.call('find_activity', { ...week, action: ['updated'] });
  expect(completed.text).toMatch(
    / 1 of 1 changes.*\n.*\n2026-11-24 16:00 .*"Renew the insurance" updated: status/,
  );
  await agent.call('add_tasks', { tasks: [{ title: 'Buy a lamp' }] });
  const latest = await agent.call('find_activity', { since: now, type: ['task'] });
  expect(latest.text).toMatch(/1 of 1 changes.*\n.*\n2026-11-26 10:00 .*"Buy a lamp" created/);
});

test('a lane that an agent damaged is not accepted', async () => {
  start ??= await readLane(await makeLane('untouched'));
  const lane = start;
  const [request] = requests as [(typeof requests)[number]];
  const answer = 'budget bread stand-up electricity dentist plants travel report recycling';
  expect(checkRequest(request, lane, lane, answer)).toEqual([]);
  const without = { ...lane, tasks: lane.tasks.slice(1) };
  expect(checkRequest(request, lane, without, answer)).toHaveLength(1);
  const more = { ...lane, tasks: [...lane.tasks, { ...lane.tasks[0], title: 'More' }] } as LaneState;
  expect(checkRequest(request, lane, more, answer)).toHaveLength(1);
  expect(checkRequest(request, lane, { ...lane, projects: [] }, answer)).toHaveLength(1);
});
