/** What the tools cost a model, in tokens of the encoding o200k, compared with one tool for each operation of the contract. */
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { contractDocument, readContract, resolve } from '../../src/platform/contract/document/contract';
import type { Agent } from './agent';
import type { Send } from './lane';
import type { CallTool } from './solutions';

/** The tokens of calls and replies, and the number of calls. */
export interface Cost {
  tokens: number;
  calls: number;
}

/** The requests of the comparison: those that one tool for each operation can carry out in a few calls. */
export const compared = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 18, 19, 20, 22, 24, 29];

// Ids, instants, positions and handles differ in each run, and their tokens too.
const varying: [RegExp, string][] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e'],
  [/\b[0-9a-f]{8}\b/g, '2b1c0d4e'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-11-26T09:00:00.000Z'],
  [/(confirm"?:?"? ?)[\w-]{38}/g, '$1GeVqN5JpHxJ0Rr8VvQyLhT2cK9sWb3fZ4mXaUd'],
  [/"user_id":"[^"]*"/g, '"user_id":"ada"'],
  [/"position":"[^"]*"/g, '"position":"a1V"'],
  [/(cursor"?:?"? ?)[\w-]{20,}/g, '$1WzIsIjVwY3N2T1oxWFIydVk3UTUiLCI4NSJd'],
];

/** The tokens of a text, without what differs from run to run. */
export function tokensOf(text: string): number {
  return countTokens(varying.reduce((result, [pattern, fixed]) => result.replace(pattern, fixed), text));
}

/** The tokens of the tools and instructions of the server, as a model reads them. */
export async function tokensOfTools(agent: Pick<Agent, 'list'>): Promise<number> {
  const { instructions, tools } = await agent.list();
  const read = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return tokensOf(instructions) + tokensOf(JSON.stringify(read));
}

/** Calls tools of an agent, and counts. */
export function counted(agent: Pick<Agent, 'call'>, cost: Cost): CallTool {
  return async (name, args = {}) => {
    const { text, isError } = await agent.call(name, args);
    if (isError) throw new Error(text);
    cost.calls += 1;
    cost.tokens += tokensOf(JSON.stringify({ name, arguments: args })) + tokensOf(text);
    return text;
  };
}

// biome-ignore lint/suspicious/noExplicitAny: schemas have any form.
type Node = any;

/** A schema without references. A schema that contains itself is cut. */
function expand(node: Node, above: readonly string[] = []): Node {
  if (Array.isArray(node)) return node.map((each) => expand(each, above));
  if (typeof node !== 'object' || node === null) return node;
  const { $ref, ...siblings } = node;
  if (above.includes($ref)) return {};
  const schema = $ref === undefined ? node : { ...resolve(contractDocument, node), ...siblings };
  const below = $ref === undefined ? above : [...above, $ref];
  const entries = Object.entries(schema).filter(
    ([name]) => name !== '$ref' && !name.startsWith('x-') && !/^examples?$/.test(name),
  );
  return Object.fromEntries(entries.map(([name, value]) => [name, expand(value, below)]));
}

/** One tool for each operation of the lane, with its description and schema. */
export function operationTools(): { name: string; description: string; inputSchema: object }[] {
  const paths = contractDocument.paths as unknown as Record<string, Node>;
  return readContract(contractDocument)
    .operations.filter(({ path, scope }) => path.includes('{user_id}') && scope !== null)
    .map(({ id, path, method, mediaTypes }) => {
      const operation = paths[path][method];
      const parameters = [...(paths[path].parameters ?? []), ...(operation.parameters ?? [])]
        .map((each: Node) => resolve(contractDocument, each))
        .filter(({ name }: Node) => name !== 'user_id');
      const body = operation.requestBody && resolve(contractDocument, operation.requestBody);
      const properties = Object.fromEntries(
        parameters.map(({ name, schema, description }: Node) => [name, { ...expand(schema), description }]),
      );
      return {
        name: id,
        description: `${operation.summary}. ${operation.description ?? ''}`,
        inputSchema: {
          type: 'object',
          properties: {
            ...properties,
            ...(body && { body: expand(body.content[mediaTypes[0] as string].schema) }),
          },
        },
      };
    });
}

/** Calls an operation. @returns the body of the reply */
type CallOperation = (name: string, method: string, path: string, body?: object) => Promise<Node>;

/** Calls operations of a lane, and counts. */
export function countedOperations(send: Send, cost: Cost): CallOperation {
  return async (name, method, path, body) => {
    const answer = await send(method, path, body);
    const { pathname, searchParams } = new URL(path, 'http://localhost');
    const args = {
      ...Object.fromEntries(searchParams),
      ...(/[0-9a-f]{8}-/.test(pathname) && { id: pathname.split('/')[2] }),
    };
    cost.calls += 1;
    cost.tokens += tokensOf(JSON.stringify({ name, arguments: { ...args, ...(body && { body }) } }));
    cost.tokens += tokensOf(JSON.stringify(answer));
    return answer;
  };
}

const list = (call: CallOperation, query: string) => call('listTasks', 'GET', `/tasks?${query}`);
const batch = (call: CallOperation, operations: object[]) =>
  call('applyBatch', 'POST', '/batch', { operations });
const change = (call: CallOperation, id: string, fields: object) =>
  call('updateTask', 'PATCH', `/tasks/${id}`, fields);
const find = async (call: CallOperation, words: string, more = '') =>
  (await list(call, `q=${encodeURIComponent(words)}&status=pending,in_progress${more}`)).items[0].id;
const projectId = async (call: CallOperation, name: string) =>
  (await call('listProjects', 'GET', '/projects')).items.find((each: Node) => each.name === name).id;

/** The same requests by one tool for each operation, several writes at once by `applyBatch`. */
export const solutionsByOperations: Readonly<Record<number, (call: CallOperation) => Promise<unknown>>> = {
  1: async (call) => {
    await list(call, 'view=today');
    await list(call, 'view=overdue');
  },
  2: async (call) => {
    const { items } = await list(call, 'view=overdue');
    const task = { due_date: '2026-11-27', due_time: '09:00' };
    await batch(
      call,
      items.map(({ id }: Node) => ({ op: 'update_task', id, task })),
    );
  },
  3: async (call) => {
    const project_id = await projectId(call, 'Home');
    const task = { title: 'Buy a present for Mia', due_date: '2026-11-28', project_id };
    await call('createTask', 'POST', '/tasks', task);
  },
  4: (call) =>
    call('createTask', 'POST', '/tasks', {
      title: 'Check the smoke detector',
      due_date: '2026-12-01',
      due_time: '08:00',
      rrule: 'FREQ=MONTHLY;BYMONTHDAY=1',
    }),
  5: async (call) => {
    const id = await find(call, 'electricity bill');
    await call('completeTask', 'PATCH', `/tasks/${id}/complete`, { completed: true });
  },
  6: async (call) => {
    const id = await find(call, 'water plants');
    await call('completeTask', 'PATCH', `/tasks/${id}/complete`, { completed: true });
  },
  7: async (call) => call('skipOccurrence', 'POST', `/tasks/${await find(call, 'recycling')}/skip`, {}),
  8: async (call) => change(call, await find(call, 'rent'), { due_date: '2026-12-03' }),
  10: async (call) => change(call, await find(call, 'go dentist'), { due_time: '10:30' }),
  11: async (call) => {
    const id = await projectId(call, 'Reading list');
    const { items } = await list(call, `project_id=${id}&limit=100`);
    await batch(
      call,
      items.map((each: Node) => ({ op: 'update_task', id: each.id, task: { tags: ['someday'] } })),
    );
  },
  12: async (call) => {
    const id = await projectId(call, 'Reading list');
    await list(call, `project_id=${id}&limit=1&include_total=true&status=pending,in_progress`);
  },
  13: async (call) => {
    const { items } = await list(call, 'q=milk');
    await batch(
      call,
      items.map(({ id }: Node) => ({ op: 'delete_task', id })),
    );
  },
  15: async (call) => {
    const { items } = await call('listTrash', 'GET', '/trash');
    await call('restoreTask', 'POST', `/tasks/${items[0].task.id}/restore`);
  },
  16: async (call) => {
    const parent_id = await find(call, 'suitcase');
    await batch(
      call,
      ['Sunscreen', 'Sandals'].map((title) => ({ op: 'create_task', task: { title, parent_id } })),
    );
  },
  18: async (call) => {
    const { items } = await list(call, 'q=tap');
    await batch(call, [
      { op: 'create_project', ref: 'kitchen', project: { name: 'Kitchen' } },
      ...items.map(({ id }: Node) => ({ op: 'move_task', id, to: { project_id: '$kitchen' } })),
    ]);
  },
  19: async (call) => {
    const { items } = await call('listTags', 'GET', '/tags');
    const { id } = items.find(({ name }: Node) => name === 'phone');
    await call('updateTag', 'PATCH', `/tags/${id}`, { name: 'calls' });
  },
  20: (call) =>
    list(call, `status=completed&completed_after=${encodeURIComponent('2026-11-23T00:00:00+01:00')}`),
  22: async (call) => {
    const id = await find(call, 'quarterly report');
    const description = 'Include the figures of the third quarter.\nAsk Jonas for the figures.';
    await change(call, id, { priority: 'urgent', description });
  },
  24: async (call) => {
    const id = await find(call, 'passport');
    await call('listActivity', 'GET', `/activity?entity_id=${id}`);
  },
  29: async (call) => {
    const id = await projectId(call, 'Work');
    const { items } = await list(call, `project_id=${id}&due_from=2026-11-26&due_until=2026-11-26`);
    await batch(
      call,
      items.map((each: Node) => ({ op: 'update_task', id: each.id, task: { due_date: '2026-11-30' } })),
    );
  },
};

/** One row of the table: the costs of a request with both kinds of tools. */
export interface Row {
  readonly text: string;
  readonly tools: Cost;
  readonly operations: Cost;
}

const number = (value: number) => value.toLocaleString('en-US');

/** The table in Markdown. @param lists the tokens of both lists of tools */
export function tableOf(rows: readonly Row[], lists: { tools: number; operations: number }): string {
  const sum = (kind: 'tools' | 'operations', part: keyof Cost) =>
    rows.reduce((total, row) => total + row[kind][part], 0);
  const line = (...cells: (string | number)[]) =>
    `| ${cells.map((cell) => (typeof cell === 'number' ? number(cell) : cell)).join(' | ')} |`;
  return [
    line('request', 'tokens', 'calls', 'by operations: tokens', 'calls'),
    '| --- | --: | --: | --: | --: |',
    ...rows.map(({ text, tools, operations }) =>
      line(text, tools.tokens, tools.calls, operations.tokens, operations.calls),
    ),
    line(
      '**all 20**',
      ...(['tools', 'operations'] as const).flatMap((kind) => [sum(kind, 'tokens'), sum(kind, 'calls')]),
    ),
    line('the list of tools, once for each conversation', lists.tools, '', lists.operations, ''),
  ].join('\n');
}
