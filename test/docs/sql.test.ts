/** Checks the files in `generated/sql`: that they have all statements, and that Postgres accepts each of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allSamples } from '../../scripts/sql/samples';
import { projectPath } from '../../src/platform/paths';
import { createTestDatabase, query } from '../support/database';

const sqlFolder = projectPath('generated', 'sql');

function sourcesBelow(folder: string): string[] {
  return readdirSync(projectPath(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sourcesBelow(path) : [path];
  });
}

// A query of a lane's rows, or a statement across lanes.
const sends = /\b(?:lane|system)(?:\(\))?\s*\.(?:rows|insert|query|prepared)\(/;
test('every source file with queries has samples', () => {
  const sources = [...sourcesBelow('src/features'), ...sourcesBelow('src/platform/jobs')];
  const withQueries = sources.filter((path) => sends.test(readFileSync(projectPath(path), 'utf8')));
  const sampled = new Set(allSamples.map(({ path }) => path));
  expect(withQueries.length).toBeGreaterThan(20);
  expect(withQueries.filter((path) => !sampled.has(path))).toEqual([]);
});

interface Listed {
  readonly name: string;
  readonly text: string;
}

const listed: Listed[] = readdirSync(sqlFolder).flatMap((file) => {
  let name = '';
  return readFileSync(join(sqlFolder, file), 'utf8')
    .split(/;\n+|\n\n(?=--)/)
    .flatMap((part) => {
      const lines = part.split('\n');
      const heading = lines.filter((line) => line.startsWith('-- ')).at(-1);
      if (heading) name = `${file}: ${heading.slice(3)}`;
      const text = lines.filter((line) => !line.startsWith('-- ')).join('\n');
      return text.trim() === '' ? [] : [{ name, text }];
    });
});

test('the files have a statement for each sample', () => {
  const names = new Set(listed.map(({ name }) => name.replace(/^[^:]+: /, '')));
  const samples = allSamples.flatMap((each) => Object.keys(each.samples));
  expect(samples.filter((name) => !names.has(name))).toEqual([]);
});

test('Postgres accepts every statement', async () => {
  const database = await createTestDatabase();
  try {
    await query(database.url, 'create extension if not exists pg_trgm');
    await query(database.url, 'alter extension pg_trgm set schema public');
    const refused: string[] = [];
    for (const [index, { name, text }] of listed.entries()) {
      await query(database.url, `prepare listed_${index} as ${text}`).catch((error: Error) =>
        refused.push(`${name}: ${error.message}\n${text}`),
      );
    }
    expect(refused).toEqual([]);
  } finally {
    await database.drop();
  }
});
