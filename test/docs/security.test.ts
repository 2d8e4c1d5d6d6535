/** Checks docs/security.md: the named tests exist, links work, and the log has what it says. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectPath } from '../../src/platform/paths';
import { send } from '../support/api';
import { query } from '../support/database';
import { startTestService, tokenOf } from '../support/service';
import { until } from '../support/until';

const read = (path: string) => readFileSync(projectPath(path), 'utf8');

describe('the tables of attacks', () => {
  const rows = read('docs/security.md')
    .split(/^### /m)
    .slice(1)
    .flatMap((part) => [...part.matchAll(/^\| (?!attack |-)(.+?) \| .+ \| (.+) \|$/gm)])
    .map(([, attack = '', tests = '']) => ({ attack, tests: tests.split('; ') }));

  test('have rows, and each row names a test', () => {
    expect(rows.length).toBeGreaterThan(40);
    const cell = /^`test\/[\w/.-]+`: `[^`]+`(?:, `[^`]+`)*$/;
    expect(rows.filter(({ tests }) => tests.some((each) => !cell.test(each)))).toEqual([]);
  });

  test.each(rows)('$attack', ({ tests }) => {
    const missing = tests.flatMap((each) => {
      const [file = '', ...names] = [...each.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
      const source = existsSync(projectPath(file)) ? read(file) : '';
      // The whole text of a literal, so that a renamed test is reported.
      const isThere = (name: string) => ["'", '"', '`'].some((mark) => source.includes(mark + name + mark));
      return names.filter((name) => !isThere(name)).map((name) => `${file}: ${name}`);
    });
    expect(missing).toEqual([]);
  });
});

/** A heading's anchor as on GitHub. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

test.each([
  'docs/authentication.md',
  'docs/security.md',
  'docs/database.md',
  'docs/transfer.md',
  'docs/agents.md',
  'docs/limits.md',
  'SECURITY.md',
])('the links of %s work', (file) => {
  const links = [...read(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
  expect(links.length).toBeGreaterThan(0);
  const dead = links.filter(([, path = '', anchor]) => {
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(projectPath(target))) return true;
    const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
    return anchor !== undefined && !headings.includes(anchor);
  });
  expect(dead.map(([link]) => link)).toEqual([]);
});

test('a database error is logged without the texts of the user', async () => {
  const service = await startTestService();
  try {
    const write = async () =>
      send(service.url, 'POST', '/api/private-user/tasks', {
        token: await tokenOf('private-user'),
        body: { title: 'private-title', description: 'private-words' },
      });
    expect((await write()).status).toBe(201);
    await query(service.database.url, 'revoke insert on tasklane.tasks from tasklane_app');
    expect((await write()).status).toBe(500);
    const error = await until(() => service.logged.find(({ status }) => status === 500));
    expect(error).toMatchObject({ err: { code: '42501', stack: expect.any(String) } });
    expect(JSON.stringify(service.logged)).not.toContain('private');
  } finally {
    await service.stop();
  }
});
