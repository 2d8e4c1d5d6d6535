/** Compares the arguments of tools with the contract, and their names with what the contract has. */
import { readTools } from '../../../src/features/mcp/read-tools';
import { writeTools } from '../../../src/features/mcp/write-tools';
import { contractDocument } from '../../../src/platform/contract/document/contract';

// biome-ignore lint/suspicious/noExplicitAny: schemas have any form.
type Schema = any;

const document = contractDocument as Schema;

function follow(schema: Schema): Schema {
  if (schema?.$ref === undefined) return schema;
  const target = schema.$ref
    .slice(2)
    .split('/')
    .reduce((node: Schema, key: string) => node[key], document);
  return { ...follow(target), ...schema, $ref: undefined };
}

const bodyOf = (name: string) => (field: string) =>
  follow(document.components.schemas[name].properties[field]);
const queryOf = (path: string) => (field: string) =>
  follow(
    document.paths[`/api/{user_id}/${path}`].get.parameters
      .map(follow)
      .find((each: Schema) => each.name === field)?.schema,
  );

const tools = new Map([...readTools(), ...writeTools()].map((tool) => [tool.name, tool.input as Schema]));
const argumentsOf = (name: string) => tools.get(name).properties;
const itemsOf = (name: string) => argumentsOf(name).tasks.items.properties;

// Arguments that the contract does not have: ids in their short form, names, and lists.
const own = [
  'id',
  'ids',
  'project',
  'parent',
  'text',
  'limit',
  'sort',
  'before',
  'after',
  'task',
  'tag',
  'deleted',
  'append_description',
  'add_tags',
  'remove_tags',
];

const cases: [string, () => Schema, (field: string) => Schema][] = [
  ['find_tasks', () => argumentsOf('find_tasks'), queryOf('tasks')],
  ['find_activity', () => argumentsOf('find_activity'), queryOf('activity')],
  ['get_stats', () => argumentsOf('get_stats'), queryOf('stats')],
  ['add_tasks', () => itemsOf('add_tasks'), bodyOf('TaskCreate')],
  ['update_tasks', () => itemsOf('update_tasks'), bodyOf('TaskPatch')],
  ['reschedule_tasks', () => itemsOf('reschedule_tasks'), bodyOf('TaskPatch')],
  ['complete_tasks', () => argumentsOf('complete_tasks'), bodyOf('BatchCompleteTask')],
  ['reopen_tasks', () => argumentsOf('reopen_tasks'), bodyOf('BatchCompleteTask')],
  ['move_tasks', () => argumentsOf('move_tasks'), bodyOf('TaskMove')],
  ['skip_occurrences', () => argumentsOf('skip_occurrences'), bodyOf('BatchSkipOccurrence')],
  ['save_project', () => argumentsOf('save_project'), bodyOf('ProjectPatch')],
  ['save_tag', () => argumentsOf('save_tag'), bodyOf('TagPatch')],
];

test.each(cases)('the arguments of %s are those of the contract', (_, properties, contractOf) => {
  const fields = Object.entries<Schema>(properties()).filter(([name]) => !own.includes(name));
  for (const [name, schema] of fields) {
    const expected = contractOf(name);
    expect([name, expected]).toEqual([name, expect.anything()]);
    for (const keyword of ['type', 'enum', 'minimum', 'maximum', 'maxItems']) {
      expect([name, keyword, schema[keyword]]).toEqual([name, keyword, expected[keyword]]);
    }
    if (schema.items?.enum) expect(schema.items.enum).toEqual(follow(expected.items).enum);
  }
});

test('update_tasks takes no dates, and reschedule_tasks no rule', () => {
  expect(Object.keys(itemsOf('update_tasks')).filter((name) => /date|time|start/.test(name))).toEqual([]);
  expect(Object.keys(itemsOf('reschedule_tasks'))).not.toContain('rrule');
});

test('writes take ids and no filters', () => {
  for (const { name } of writeTools()) {
    expect(
      Object.keys(argumentsOf(name)).filter((each) => /^(text|view|status|tags_|due_)/.test(each)),
    ).toEqual([]);
  }
});
