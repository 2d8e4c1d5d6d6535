import { type Cost, type Costs, surcharges } from '../../src/platform/contract/document/cost';
import { operations } from '../support/operations';

const costs: Costs = new Map(operations.map(({ id, cost }) => [id, cost]));

function costOf(id: string, { query = {}, body = undefined as unknown } = {}): number {
  const cost = costs.get(id) as Cost;
  return cost.units + surcharges(cost, { query, body }, costs);
}

const tags = (count: number) => Array.from({ length: count }, (_, n) => `tag ${n}`);

test.each([
  ['listTasks', { query: { limit: 50, include_total: false } }, 1],
  ['listTasks', { query: { limit: 200, include_total: true, q: '' } }, 9],
  ['createTask', { body: { title: 'A task' } }, 1],
  ['createTask', { body: { title: 'A task', tags: tags(9) } }, 1],
  ['updateTask', { body: { tags: tags(50) } }, 6],
  ['importLane', { body: { size: 1023 } }, 10],
  ['importCsv', { body: { size: 10 * 1024 } }, 20],
  ['importCalendar', { body: { size: 10 * 1024 } }, 20],
  ['getLiveness', {}, 0],
])('%s with %j costs %d', (id, request, units) => {
  expect(costOf(id, request)).toBe(units);
});

test('a batch costs as much as its operations, plus one for the request', () => {
  const body = {
    operations: [
      { op: 'create_task', task: { title: 'A task', tags: tags(20) } },
      { op: 'update_task', id: 'x', task: { tags: null } },
      { op: 'complete_task', id: 'x', completed: true },
      { op: 'delete_project', id: 'x', tasks: 'delete' },
      { op: 'update_tag', id: 'x', tag: { name: 'New' } },
    ],
  };
  expect(costOf('applyBatch', { body })).toBe(1 + 3 + 1 + 1 + 5 + 5);
});
