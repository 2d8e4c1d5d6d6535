/**
 * Starts the whole app for a look at it: Postgres, the reference app with Better Auth, the service, and a user with tasks.
 * It installs and builds what is missing. Ctrl+C ends everything; the data stay in DATA_DIR.
 *
 * Environment: PORT (3000) of the app and API_PORT (8000) of the service, or free ones if they are in use; DATA_DIR
 * (.data/demo); TASKLANE_ACCESS (bearer, or cookie for one origin).
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort, run, start } from './processes.mjs';
import { login, seed, signUp } from './seed.mjs';

const root = join(import.meta.dirname, '../..');
const example = join(root, 'examples/nextjs');
const node = join(root, 'node_modules/node/bin/node');
const next = join(example, 'node_modules/next/dist/bin/next');
const say = (text) => process.stdout.write(`${text}\n`);

/** When the newest of some files changed, in milliseconds. */
function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const stats = statSync(path);
    if (!stats.isDirectory()) latest = Math.max(latest, stats.mtimeMs);
    else latest = Math.max(latest, newest(readdirSync(path).map((each) => join(path, each))));
  }
  return latest;
}
const isOlder = (file, paths) => !existsSync(file) || statSync(file).mtimeMs < newest(paths);

async function install() {
  const missing = [...(existsSync(node) ? [] : [root]), ...(existsSync(next) ? [] : [example])];
  if (missing.length > 0) say('Installing …');
  const npm = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  await Promise.all(missing.map((cwd) => run('npm', npm, { cwd })));
  if (!isOlder(join(root, 'sdk/dist/cjs/package.json'), [join(root, 'sdk/src')])) return;
  say('Building the SDK …');
  await run(node, ['sdk/build.mjs'], { cwd: root });
}

async function buildApp() {
  const stamp = join(example, '.next/built');
  const sources = [
    'app',
    'features',
    'lib',
    'public',
    'ui',
    'next.config.ts',
    'proxy.ts',
    'package-lock.json',
  ];
  if (!isOlder(stamp, [...sources.map((each) => join(example, each)), join(root, 'sdk/dist')])) return;
  say('Building the app …');
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };
  await run(node, [next, 'build'], { cwd: example, env });
  writeFileSync(stamp, '');
}

/** A secret that stays the same, because Better Auth encrypts its keys with it. */
function secretOf(dataDir) {
  const file = join(dataDir, 'auth-secret');
  mkdirSync(dataDir, { recursive: true });
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

const started = [];
let stopping;
function stop(code) {
  stopping ??= (async () => {
    for (const each of started.reverse()) await each.stop();
    process.exit(code);
  })();
  return stopping;
}
const lost = (error) => {
  process.stderr.write(`${error.message}\n`);
  stop(1);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0));

async function startProcess(args, options) {
  const each = await start(node, args, { lost, ...options });
  started.push(each);
  return each.found;
}

async function main() {
  await install();
  const dataDir = resolve(root, process.env.DATA_DIR ?? '.data/demo');
  const secret = secretOf(dataDir);
  const port = await freePort(Number(process.env.PORT ?? 3000));
  const apiPort = await freePort(Number(process.env.API_PORT ?? 8000));
  const [app, service] = [`http://localhost:${port}`, `http://localhost:${apiPort}`];

  const database = startProcess(['scripts/run.js', 'scripts/demo/database'], {
    cwd: root,
    env: { ...process.env, DATA_DIR: dataDir },
    ready: /^(postgres:.*)$/,
  });
  const [databaseUrl] = await Promise.all([database, buildApp()]);
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    BETTER_AUTH_URL: app,
    BETTER_AUTH_SECRET: secret,
    AUTH_RATE_LIMIT: 'off',
    TASKLANE_URL: service,
    TASKLANE_ACCESS: process.env.TASKLANE_ACCESS ?? 'bearer',
    NEXT_TELEMETRY_DISABLED: '1',
  };
  // Better Auth's tables come first, so that Tasklane links lanes to accounts.
  await run(node, ['scripts/migrate.ts'], { cwd: example, env });
  await Promise.all([
    startProcess(['scripts/run.js', 'src/main'], {
      cwd: root,
      env: {
        ...env,
        PORT: String(apiPort),
        DATA_DIR: dataDir,
        MIGRATE_ON_START: 'true',
        AUTH_SOURCES: 'key-set,session',
        CORS_ORIGINS: app,
        LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
      },
      ready: /^Tasklane serves /,
    }),
    startProcess([next, 'start', '--hostname', '127.0.0.1', '--port', String(port)], {
      cwd: example,
      env: { ...env, NODE_ENV: 'production' },
      ready: /Ready in/,
    }),
  ]);

  const user = await signUp(app, login);
  if (user) {
    const { createTasklane } = await import('@tasklane/sdk');
    await seed(createTasklane({ baseUrl: service, token: user.token }).lane());
  }
  say(`\nThe app is ready: ${app}`);
  say(`Sign in with ${login.email} and the password ${login.password}.`);
  say(`The service is at ${service}, its documentation at ${service}/docs.`);
  say('Ctrl+C ends it.');
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  stop(1);
});
