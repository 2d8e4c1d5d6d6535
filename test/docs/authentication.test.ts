/** Checks docs/authentication.md: its code blocks run, and its tables agree with the source. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError, parseConfig } from '../../src/config';
import { createLogger } from '../../src/platform/observability/logger';
import { projectPath } from '../../src/platform/paths';
import { secretNames } from '../../src/platform/secret-files';
import { startService } from '../../src/start';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { throughPooler } from '../support/pooler';

const read = (path: string) => readFileSync(projectPath(path), 'utf8');
const document = read('docs/authentication.md');
const example = new Map(
  [...read('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
);

/** The code blocks under a heading. */
interface Section {
  /** The variables of a `sh` block that starts with `# Tasklane's .env`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly frontendEnvironment: Readonly<Record<string, string>>;
  /** The `ts` blocks by the path in their first line. */
  readonly files: Readonly<Record<string, string>>;
}

function variablesOf(block: string): Record<string, string> {
  return Object.fromEntries(
    [...block.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
}

function readSection(text: string): Section {
  const blocks = [...text.matchAll(/^```(\w+)\n(.*\n)([\s\S]*?)^```$/gm)];
  const environmentOf = (whose: string) =>
    Object.assign(
      {},
      ...blocks.filter(([, , first]) => first === `# ${whose}\n`).map(([block]) => variablesOf(block)),
    );
  return {
    environment: environmentOf("Tasklane's .env"),
    frontendEnvironment: environmentOf("the frontend's .env.local"),
    files: Object.fromEntries(
      blocks
        .filter(([, language]) => language === 'ts')
        .map(([, , first = '', rest]) => [/^\/\/ (\S+\.ts)\n$/.exec(first)?.[1] ?? '', rest ?? '']),
    ),
  };
}

const sections = new Map(
  document.split(/^##+ /m).map((text) => [text.slice(0, text.indexOf('\n')), readSection(text)]),
);
function section(title: string): Section {
  const found = sections.get(title);
  if (!found) throw new Error(`There is no section ${title}.`);
  return found;
}

const jwtPlugin = 'Token of the jwt plugin';
const secretCookie = 'Session cookie, signed with the secret';
const outlives = { written: 201, read: 200, renewed: 200, signedOut: 401, copied: 200 };
/** Each form with the section whose client it shares, and the statuses that a user's browser gets. */
const forms: { title: string; client?: string; statuses: typeof outlives }[] = [
  { title: jwtPlugin, statuses: outlives },
  { title: 'A route of your own', statuses: outlives },
  { title: 'The jwt plugin with a signer of its own', client: jwtPlugin, statuses: outlives },
  { title: secretCookie, statuses: outlives },
  { title: 'Session cookie, signed with the key set', client: secretCookie, statuses: outlives },
  { title: 'Session in the same database', statuses: { ...outlives, copied: 401 } },
  { title: 'Scopes and read-only roles', client: jwtPlugin, statuses: { ...outlives, written: 403 } },
];

const secret = 'Pq7tB2mX9vKcR4wLz8sDfG6hJ1nY3aEu';
const appUrl = 'https://app.example.com';

function withValues(
  environment: Readonly<Record<string, string>>,
  databaseUrl: string,
): Record<string, string> {
  const entries = Object.entries(environment).map(([name, value]) => [
    name,
    name === 'DATABASE_URL' ? databaseUrl : value.replace('<openssl rand -base64 32>', secret),
  ]);
  return Object.fromEntries(entries);
}

describe('the code blocks', () => {
  let directory: string;
  let database: TestDatabase;
  let frontend: ChildProcess;
  let frontendUrl: string;
  let frontendErrors = '';

  /** Writes a frontend's directory for each form, with import paths as Node requires them. */
  function writeFrontends(): void {
    symlinkSync(projectPath('node_modules'), join(directory, 'node_modules'), 'junction');
    mkdirSync(join(directory, 'source/sdk'), { recursive: true });
    for (const name of readdirSync(projectPath('sdk/src'))) {
      if (!name.endsWith('.ts')) continue;
      const code = read(`sdk/src/${name}`);
      const isModule = !name.endsWith('.d.ts');
      writeFileSync(
        join(directory, 'source/sdk', isModule ? name.replace(/\.ts$/, '.mts') : name),
        code.replaceAll(/'(\.\/[\w-]+)\.js'/g, (whole, path: string) =>
          path === './openapi' ? whole : `'${path}.mjs'`,
        ),
      );
    }
    // Next.js is not a dependency of this project.
    writeFileSync(
      join(directory, 'source/next.d.ts'),
      "declare module 'next/headers' {\n  export function headers(): Promise<Headers>;\n}\n",
    );
    for (const [index, { title, client }] of forms.entries()) {
      const root = join(directory, `source/form-${index}`);
      const files = {
        ...section('The frontend').files,
        ...(client && { 'lib/tasklane.ts': section(client).files['lib/tasklane.ts'] as string }),
        ...section(title).files,
      };
      for (const [path, code] of Object.entries(files)) {
        const file = join(root, path.replace(/\.ts$/, '.mts'));
        mkdirSync(dirname(file), { recursive: true });
        const from = (target: string) =>
          `'./${relative(dirname(file), join(directory, 'source', target)).replaceAll('\\', '/')}.mjs'`;
        writeFileSync(
          file,
          code
            .replaceAll(/'@\/([^']+)'/g, (_, path: string) => from(`form-${index}/${path}`))
            .replaceAll("'@tasklane/sdk'", from('sdk/index')),
        );
      }
    }
  }

  /** Compiles the frontends to JavaScript; returns the compiler's errors. */
  async function compile(): Promise<string> {
    const options = {
      ...{ target: 'es2024', lib: ['es2024', 'dom', 'dom.iterable'], module: 'esnext', types: ['node'] },
      ...{
        moduleResolution: 'bundler',
        strict: true,
        skipLibCheck: true,
        rootDir: 'source',
        outDir: 'built',
      },
    };
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, include: ['source'] }),
    );
    const compiler = [projectPath('node_modules/typescript/bin/tsc'), '-p', directory];
    return promisify(execFile)(process.execPath, compiler).then(
      () => '',
      (error) => error.stdout || String(error),
    );
  }

  async function answer(): Promise<unknown> {
    const listening = new AbortController();
    const { signal } = listening;
    const [message] = (await Promise.race([
      once(frontend, 'message', { signal }),
      once(frontend, 'exit', { signal }).then(() => [{ error: `The frontend ended:\n${frontendErrors}` }]),
    ]).finally(() => listening.abort())) as [{ error?: string; result?: unknown }];
    if (message.error) throw new Error(message.error);
    return message.result;
  }

  async function ask(message: { load: string } | { browse: string }): Promise<unknown> {
    frontend.send(message);
    return answer();
  }

  let compiled: string;
  beforeAll(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'tasklane-docs-')));
    writeFrontends();
    compiled = await compile();
    // React is not a dependency of this project; the plain client does the same.
    for (const [index] of forms.entries()) {
      const file = join(directory, `built/form-${index}/lib/tasklane.mjs`);
      writeFileSync(file, readFileSync(file, 'utf8').replace("'better-auth/react'", "'better-auth/client'"));
    }

    database = await createTestDatabase();
    // The tests' role has the same name as Tasklane's schema, so that Postgres would search that schema first.
    const url = new URL(database.url);
    url.searchParams.set('options', '-csearch_path=public');
    copyFileSync(projectPath('test/docs/frontend.mjs'), join(directory, 'frontend.mjs'));
    frontend = fork(join(directory, 'frontend.mjs'), {
      env: {
        BETTER_AUTH_TELEMETRY: '0',
        ...withValues(section('The frontend').frontendEnvironment, url.href),
      },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    frontend.stderr?.on('data', (chunk) => {
      frontendErrors += chunk;
    });
    frontendUrl = (await answer()) as string;
    const fetchNow = globalThis.fetch;
    jest
      .spyOn(globalThis, 'fetch')
      .mockImplementation((input, init) => fetchNow(String(input).replace(appUrl, frontendUrl), init));
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    if (frontend?.exitCode === null) {
      frontend.disconnect();
      await once(frontend, 'exit');
    }
    await database?.drop();
    rmSync(directory, { recursive: true });
  });

  test('type-check', () => {
    expect(compiled).toBe('');
  });

  test.each(forms)('$title', async ({ title, statuses }) => {
    await ask({ load: join(directory, `built/form-${forms.findIndex((form) => form.title === title)}`) });
    const environment = withValues(section(title).environment, database.url);
    const config = parseConfig(
      throughPooler({ NODE_ENV: 'production', PORT: '0', DATABASE_URL: database.url, ...environment }),
    );
    const service = await startService(config, createLogger({ level: 'silent', pretty: false }));
    try {
      expect(await ask({ browse: service.url })).toEqual(statuses);
    } finally {
      await service.stop();
    }
  });

  test('all have a test', () => {
    const withFiles = [...sections]
      .filter(([, { files }]) => Object.keys(files).length > 0)
      .map(([title]) => title);
    expect(withFiles).toEqual(['The frontend', ...forms.map(({ title }) => title)]);
  });

  test('contain no secret that the service would accept', () => {
    const { environment } = section(secretCookie);
    expect(environment.BETTER_AUTH_SECRET).toBeDefined();
    expect(() => parseConfig(environment)).toThrow(ConfigError);
  });
});

test('the service reads every variable that is named', () => {
  const names = new Set(document.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g));
  const foreign = [...names].filter((name) => !example.has(name) && !name.startsWith('NEXT_PUBLIC_'));
  expect(foreign).toEqual([]);
  const source = read('src/platform/auth/config.ts') + read('src/config.ts');
  const files = new Set(secretNames.map((name) => `${name}_FILE`));
  const own = [...names].filter((name) => example.has(name) && !files.has(name));
  expect(own.filter((name) => !source.includes(name))).toEqual([]);
});

test('every variable of authentication has a row with its default', () => {
  const rows = [...document.matchAll(/^\| `([A-Z_]+)` \| (?:`(.*?)` )?\|/gm)].map(([, name, value = '']) => [
    name,
    value,
  ]);
  const expected = [...example].filter(([name]) => /^(BETTER_)?AUTH_/.test(name));
  expect(expected.length).toBeGreaterThan(0);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
});

test('every reason for a 401 has a row', () => {
  const table = document.slice(document.indexOf('| `authentication` |'));
  const rows = [...table.matchAll(/^\| (`[a-z`, -]+`) \|/gm)].flatMap(
    ([, cell = '']) => cell.match(/[a-z-]+/g) ?? [],
  );
  const [, reasons = ''] =
    /export type RefusalReason =([^;]+);/.exec(read('src/platform/auth/result.ts')) ?? [];
  const [, stale = ''] = /readonly reason: ([^,]+),/.exec(read('src/platform/database/lane.ts')) ?? [];
  const expected = [...`${reasons}${stale}`.matchAll(/'([a-z-]+)'/g)].map(([, reason]) => reason);
  expect(expected.length).toBeGreaterThan(2);
  expect(rows.filter((row) => row !== 'authentication').sort()).toEqual(expected.sort());
});
