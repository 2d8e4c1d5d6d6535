import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectPath } from '../../src/platform/paths';

/** What files may import and what not, by a file of each layer. Backwards is to the left of where one stands. */
const layers: readonly { file: string; allowed: string[]; refused: string[] }[] = [
  {
    file: 'src/platform/database/pool.ts',
    allowed: [
      './rows',
      './embedded/processes',
      '../config',
      '../paths',
      '../observability/logger',
      'knex',
      'pg',
    ],
    refused: [
      '../app',
      '../auth/identity',
      '../contract/problems',
      '../docs/pages',
      '../../generated/openapi',
      '../tasks/repository',
    ],
  },
  {
    file: 'src/platform/database/embedded/processes.ts',
    allowed: ['../faults', '../../config', '../../paths', '../../observability/logger', 'pg'],
    refused: ['../../contract/problems', '../../../generated/openapi', '../../tasks/repository'],
  },
  {
    file: 'src/platform/auth/identity.ts',
    allowed: ['./claims', '../config', '../paths', '../observability/logger', 'jose'],
    refused: ['../contract/problems', '../database/database', '../../generated/openapi', '../tasks/mapper'],
  },
  {
    file: 'src/platform/contract/http/router.ts',
    allowed: [
      './problems',
      '../auth/identity',
      '../config',
      '../database/lane',
      '../../generated/openapi',
      '../observability/logger',
      '../paths',
      'express',
    ],
    refused: ['../app', '../database/database', '../database/rows', '../docs/pages', '../tasks/handlers'],
  },
  {
    file: 'src/features/tasks/repository.ts',
    allowed: [
      './rank',
      '../database/keyset',
      '../database/lane',
      '../database/rows',
      '../projects/repository',
    ],
    refused: [
      './handlers',
      './mapper',
      '../auth/identity',
      '../contract/operations',
      '../../generated/openapi',
      '../database/database',
      '../database/pool',
      '../database/system',
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
      '../auth/identity',
      '../config',
      '../contract/operations',
      '../database/keyset',
      '../database/lane',
      '../database/rows',
      '../docs/pages',
      '../observability/logger',
      '../paths',
      '../projects/repository',
    ],
    refused: [
      '../app',
      '../main',
      '../start',
      '../database/database',
      '../database/embedded/processes',
      '../database/pool',
      '../database/system',
      '../jobs/runner',
      '../../generated/openapi',
      '../projects/handlers',
      'express',
      'knex',
      'pg',
    ],
  },
  {
    file: 'src/features/trash/job.ts',
    allowed: [
      './rules',
      '../config',
      '../database/lane',
      '../database/rows',
      '../database/system',
      '../jobs/job',
      '../observability/logger',
    ],
    refused: [
      '../app',
      '../contract/operations',
      '../database/database',
      '../database/pool',
      '../database/roles',
      '../tasks/handlers',
      'knex',
      'pg',
    ],
  },
  {
    file: 'src/jobs.ts',
    allowed: ['./job', '../config', '../database/faults', '../trash/job'],
    refused: ['../database/database', '../start', '../trash/handlers', 'knex'],
  },
  {
    file: 'src/start.ts',
    allowed: ['./app', './config', './contract/contract', './database/database'],
    refused: ['./tasks/handlers'],
  },
  {
    file: 'src/app.ts',
    allowed: ['./config', './contract/router', './database/database', './tasks/handlers'],
    refused: [],
  },
];

interface Report {
  diagnostics: { location: { path: string; start: { line: number } } }[];
}

/** Lints files that hold one import in each line by one rule of the project; which imports it refuses, by file. */
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

  test.each(layers)('$file imports only what is below it', ({ file, refused }) => {
    expect(found[file] ?? []).toEqual([...refused].sort());
  });

  test('a circle is refused', () => {
    const circle = refusedImports('suspicious/noImportCycles', {
      'src/tasks/rank.ts': ['./order'],
      'src/features/tasks/order.ts': ['./rank'],
    });
    expect(circle).toEqual({ 'src/tasks/rank.ts': ['./order'], 'src/features/tasks/order.ts': ['./rank'] });
  });
});
