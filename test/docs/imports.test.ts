import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectPath } from '../../src/platform/paths';

/** Allowed and rejected imports of a file on each floor. */
const layers: readonly { file: string; allowed: string[]; refused: string[] }[] = [
  {
    file: 'src/domain/time/calendar.ts',
    allowed: ['./zones', '../text/case', 'temporal-polyfill'],
    refused: [
      '../../platform/contract/document/operations',
      '../../features/tasks/tree',
      'express',
      'knex',
      'node:fs',
    ],
  },
  {
    file: 'src/platform/database/pool.ts',
    allowed: ['./rows', './embedded/processes', '../paths', '../observability/logger', 'knex', 'pg'],
    refused: ['../../app', '../contract/document/problems', '../../features/tasks/repository'],
  },
  {
    file: 'src/platform/auth/identity.ts',
    allowed: ['./claims', '../paths', '../observability/logger', 'jose'],
    refused: ['../contract/document/problems', '../../features/tasks/mapper'],
  },
  {
    file: 'src/platform/contract/http/router.ts',
    allowed: [
      '../document/problems',
      '../../auth/identity',
      '../../database/lane',
      '../../../domain/time/zones',
      '../../../../generated/openapi',
      '../../observability/logger',
      'express',
    ],
    refused: [
      '../../../app',
      '../../database/database',
      '../../database/rows',
      '../../../features/tasks/handlers',
    ],
  },
  {
    file: 'src/platform/jobs/runner.ts',
    allowed: ['./job', '../database/errors'],
    refused: ['../../features/trash/job', '../../start'],
  },
  {
    file: 'src/features/tasks/repository.ts',
    allowed: [
      './order',
      '../../domain/time/calendar',
      '../../platform/database/chunks',
      '../../platform/database/keyset',
      '../../platform/database/lane',
      '../../platform/database/rows',
      '../../platform/database/update',
      '../projects/repository',
    ],
    refused: [
      './handlers',
      './mapper',
      '../../platform/contract/document/operations',
      '../../platform/database/database',
      '../../platform/database/pool',
      '../../platform/database/system',
      '../projects/handlers',
      'express',
      'knex',
      'pg',
    ],
  },
  {
    file: 'src/features/tasks/handlers.ts',
    allowed: [
      './mapper',
      './repository',
      '../../domain/time/calendar',
      '../../platform/contract/http/call',
      '../../platform/database/keyset',
      '../../platform/database/lane',
      '../../platform/database/rows',
      '../projects/repository',
    ],
    refused: [
      '../../app',
      '../../start',
      '../../platform/database/database',
      '../../platform/database/pool',
      '../../platform/database/system',
      '../../platform/jobs/runner',
      '../projects/handlers',
      'express',
      'knex',
      'pg',
    ],
  },
  {
    file: 'src/features/trash/job.ts',
    allowed: [
      './retention',
      '../../platform/database/lane',
      '../../platform/database/system',
      '../../platform/jobs/job',
    ],
    refused: [
      '../../app',
      '../../platform/contract/http/call',
      '../../platform/database/database',
      '../../platform/database/roles',
      '../tasks/handlers',
      'knex',
      'pg',
    ],
  },
  {
    file: 'src/start.ts',
    allowed: ['./app', './config', './platform/database/database'],
    refused: ['./features/tasks/handlers'],
  },
  {
    file: 'src/app.ts',
    allowed: ['./config', './platform/contract/http/router', './features/tasks/handlers'],
    refused: [],
  },
];

interface Report {
  diagnostics: { location: { path: string; start: { line: number } } }[];
}

/** Lints files with one import per line; returns the rejected imports by file. */
function refusedImports(rule: string, files: Readonly<Record<string, readonly string[]>>) {
  const root = mkdtempSync(join(tmpdir(), 'tasklane-imports-'));
  try {
    cpSync(projectPath('biome.json'), join(root, 'biome.json'));
    for (const [file, imports] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), imports.map((each) => `export * from '${each}';\n`).join(''));
    }
    const biome = join(dirname(require.resolve('@biomejs/biome/package.json')), 'bin', 'biome');
    const options = ['--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', `--only=${rule}`];
    const { stdout } = spawnSync(process.execPath, [biome, 'lint', ...options], {
      cwd: root,
      encoding: 'utf8',
    });
    const refused: Record<string, string[]> = {};
    for (const { location } of (JSON.parse(stdout) as Report).diagnostics) {
      const line = files[location.path]?.[location.start.line - 1];
      refused[location.path] = [...(refused[location.path] ?? []), line ?? ''].sort();
    }
    return refused;
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('the direction of imports', () => {
  const found = refusedImports(
    'style/noRestrictedImports',
    Object.fromEntries(layers.map(({ file, allowed, refused }) => [file, [...allowed, ...refused]])),
  );

  test.each(layers)('$file imports only from allowed folders', ({ file, refused }) => {
    expect(found[file] ?? []).toEqual([...refused].sort());
  });

  test('a circle is rejected', () => {
    const circle = refusedImports('suspicious/noImportCycles', {
      'src/features/tasks/rank.ts': ['./order'],
      'src/features/tasks/order.ts': ['./rank'],
    });
    expect(circle).toEqual({
      'src/features/tasks/rank.ts': ['./order'],
      'src/features/tasks/order.ts': ['./rank'],
    });
  });
});

/** The folders below `src`, each with the folders that its files import from. */
function importsByFolder(): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  const files = readdirSync(projectPath('src'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((each) => each.endsWith('.ts'))) {
    const text = readFileSync(projectPath('src', file), 'utf8');
    const targets = [...text.matchAll(/(?:from |import\()'(\.[^']*)'/g)].map(([, target = '']) =>
      dirname(join(dirname(file), target)),
    );
    const known = imports.get(dirname(file)) ?? new Set();
    for (const target of targets) if (target !== dirname(file) && !target.startsWith('..')) known.add(target);
    imports.set(dirname(file), known);
  }
  return imports;
}

/** The folders in import cycles: those that remain when folders without imports are removed again and again. */
function foldersInCircles(imports: Map<string, Set<string>>): string[] {
  const left = new Map(imports);
  for (;;) {
    const free = [...left].filter(([, targets]) => ![...targets].some((each) => left.has(each)));
    if (free.length === 0) return [...left.keys()].sort();
    for (const [folder] of free) left.delete(folder);
  }
}

describe('folders', () => {
  test('have no circular imports', () => {
    expect(importsByFolder().size).toBeGreaterThan(20);
    expect(foldersInCircles(importsByFolder())).toEqual([]);
  });

  test('with circular imports are found', () => {
    const imports = new Map([
      ['one', new Set(['two'])],
      ['two', new Set(['three'])],
      ['three', new Set(['one', 'four'])],
      ['four', new Set<string>()],
    ]);
    expect(foldersInCircles(imports)).toEqual(['one', 'three', 'two']);
  });
});
