/** Tests templates: a text is made once, and each value of a run reaches its own place. */
import knex from 'knex';
import { createTemplates } from '../../../src/platform/database/template';

const build = knex({ client: 'pg' });

test('each value of every run is in the place of its argument', () => {
  const templates = createTemplates();
  const statement = (...args: unknown[]) =>
    templates.statement('page', args, ([user, project, parent, level, limit]) =>
      build('tasks')
        .where('level', '>', level as number)
        .where('parent_id', parent as string)
        .where('project_id', project as string)
        .where('lane_id', user as string)
        .limit(limit as number),
    );
  const runs = [
    ['ada', 'a project', 'a parent', 1, 50],
    ['bob', 'another project', 'another parent', 2, 20],
  ];
  const statements = runs.map((args) => statement(...args));
  expect(statements.map(({ values }) => values)).toEqual([
    [1, 'a parent', 'a project', 'ada', 50],
    [2, 'another parent', 'another project', 'bob', 20],
  ]);
  expect(new Set(statements.map(({ text }) => text)).size).toBe(1);
  expect(new Set(statements.map(({ name }) => name)).size).toBe(1);
});

test('a value that comes twice is in both places, and a constant stays the same', () => {
  const templates = createTemplates();
  const statement = (user: string) =>
    templates.statement('twice', [user], ([marker]) =>
      build('tasks')
        .where('lane_id', marker as string)
        .where('status', 'open')
        .orWhere('owner_id', marker as string),
    );
  expect(statement('ada').values).toEqual(['ada', 'open', 'ada']);
  expect(statement('bob').values).toEqual(['bob', 'open', 'bob']);
});

test('arguments with equal values have their own places', () => {
  const templates = createTemplates();
  const statement = (...args: number[]) =>
    templates.statement('equal', args, ([first, second]) =>
      build('tasks')
        .where('version', second as number)
        .limit(first as number),
    );
  expect(statement(7, 7).values).toEqual([7, 7]);
  expect(statement(1, 2).values).toEqual([2, 1]);
});
