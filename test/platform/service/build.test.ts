/** The build and the program that it makes: it is never stale, and the program loads only what it needs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from '../../../scripts/build.js';
import { projectPath } from '../../../src/platform/paths';
import { send } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { makeDataDir, removeDataDir } from '../../support/process';
import { testSecret } from '../../support/service';
import { until } from '../../support/until';
import { makeUser } from '../../support/user';

describe('the build of a project', () => {
  let project: string;
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), text);
  };
  const read = (path: string) => readFileSync(join(project, path), 'utf8');

  beforeEach(async () => {
    project = await realpath(await mkdtemp(join(tmpdir(), 'tasklane-build-')));
    await write('package.json', JSON.stringify({ devDependencies: { '@swc/core': '1.0.0' } }));
    await write('knexfile.ts', 'export const a: number = 1;\n');
    await write('src/one.ts', "import { two } from './two';\n\nexport const one: number = two;\n");
    await write('src/two.ts', 'export const two = 2;\n');
  });
  afterEach(() => rm(project, { recursive: true }));

  test('compiles everything once, with source maps, and then only files with new content', async () => {
    expect((await build(project)).sort()).toEqual(['knexfile.ts', 'src/one.ts', 'src/two.ts']);
    expect(read('dist/src/one.js')).toMatch(/\/\/# sourceMappingURL=one\.js\.map\n$/);
    expect(JSON.parse(read('dist/src/one.js.map')).sources).toEqual(['../../src/one.ts']);
    expect(await build(project)).toEqual([]);
    const { mtime } = statSync(join(project, 'src/two.ts'));
    await write('src/two.ts', 'export const two = 3;\n');
    // The same size and time as before.
    await utimes(join(project, 'src/two.ts'), mtime, mtime);
    expect(await build(project)).toEqual(['src/two.ts']);
    expect(read('dist/src/two.js')).toContain('3');
  });

  test('removes files without a source, and makes missing files again', async () => {
    await build(project);
    await rm(join(project, 'src/two.ts'));
    expect(await build(project)).toEqual([]);
    expect(existsSync(join(project, 'dist/src/two.js'))).toBe(false);
    await rm(join(project, 'dist/src/one.js'));
    expect(await build(project)).toEqual(['src/one.ts']);
    expect(await build(project)).toEqual([]);
  });

  test('compiles everything again after an update of the compiler, and after a failed build', async () => {
    await build(project);
    await write('package.json', JSON.stringify({ devDependencies: { '@swc/core': '1.0.1' } }));
    expect(await build(project)).toHaveLength(3);
    await write('src/two.ts', 'export const two = ;\n');
    await expect(build(project)).rejects.toThrow('two.ts');
    await write('src/two.ts', 'export const two = 2;\n');
    expect(await build(project)).toHaveLength(3);
  });
});

describe('the built service', () => {
  let database: TestDatabase;
  let dataDir: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await makeDataDir();
    await build();
  });
  afterAll(async () => {
    await removeDataDir(dataDir);
    await database.drop();
  });

  const rare =
    /(?:node_modules|domain)[\\/](@modelcontextprotocol|@opentelemetry|@redis[\\/]client|chrono-node|csv-parse|csv-stringify|ical\.js|temporal-polyfill|words)[\\/]/;

  test('needs little memory at rest, and loads rare packages at first use', async () => {
    const child = spawn(
      process.execPath,
      ['--require', projectPath('test/support/report-modules.cjs'), projectPath('dist/src/main.js')],
      {
        env: {
          PATH: process.env.PATH,
          PORT: '0',
          DATABASE_URL: database.url,
          BETTER_AUTH_SECRET: testSecret,
          DATA_DIR: dataDir,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const ended = once(child, 'close');
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    const loaded = async (): Promise<string[]> => {
      stderr = '';
      child.kill('SIGUSR2');
      await until(() => stderr.endsWith('\n'));
      const found = (JSON.parse(stderr) as string[]).map((path) => rare.exec(path)?.[1]);
      return [...new Set(found.filter((name) => name !== undefined))].sort();
    };
    try {
      const url = await until(() => /^Tasklane serves (\S+)$/m.exec(stdout)?.[1], 20_000);
      expect((await send(url, 'GET', '/readyz')).status).toBe(200);
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      // 136 MiB when this was written; 208 without the limit of the young generation and with all packages.
      expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024).toBeLessThan(175);
      expect(await loaded()).toEqual([]);
      const user = await makeUser(url);
      expect((await user.send('GET', '/tasks?view=today')).status).toBe(200);
      expect(await loaded()).toEqual(['temporal-polyfill']);
      expect((await user.send('GET', '/export.csv')).status).toBe(200);
      expect((await user.send('GET', '/export.ics')).status).toBe(200);
      expect(await loaded()).toEqual(['csv-stringify', 'ical.js', 'temporal-polyfill']);
      expect((await user.send('POST', '/tasks/quick', { body: { text: 'Call Bob' } })).status).toBe(201);
      expect(await loaded()).toEqual([
        'chrono-node',
        'csv-stringify',
        'ical.js',
        'temporal-polyfill',
        'words',
      ]);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });
});
