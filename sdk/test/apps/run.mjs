/**
 * Checks the packed package: its sizes, with publint and attw, and installed into a Vite app and a Next app, whose types are
 * checked and which are built. It imports each entry as an ES module and as CommonJS. It needs the registry of npm.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sdk = join(import.meta.dirname, '../..');
const { exports: entries, name } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'));
const apps = mkdtempSync(join(tmpdir(), 'tasklane-apps-'));
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined };

const run = (command, args, cwd = apps) => execFileSync(command, args, { cwd, env, stdio: 'inherit' });
const program = (path, args, cwd) => run(process.execPath, [join(apps, 'node_modules', path), ...args], cwd);
const tool = (name, ...args) => run('npx', ['--no-install', name, ...args], sdk);

try {
  cpSync(import.meta.dirname, apps, { recursive: true });
  cpSync(join(sdk, 'examples'), join(apps, 'vite/src/examples'), { recursive: true });
  // It builds dist, too.
  run('npm', ['pack', '--silent', '--pack-destination', apps], sdk);
  const archive = readdirSync(apps).find((each) => each.endsWith('.tgz'));
  tool('size-limit');
  tool('publint', '--strict', join(apps, archive));
  // Programs that resolve modules like Node 10 do not see the entries.
  tool('attw', '--profile', 'node16', join(apps, archive));
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', `./${archive}`]);

  for (const entry of Object.keys(entries)) {
    if (entry.endsWith('.json')) continue;
    const specifier = JSON.stringify(name + entry.slice(1));
    const importing = `import(${specifier}).then((it) => console.log(Object.keys(it).filter((each) => !/default|module.exports/.test(each)).sort().join()))`;
    const requiring = `console.log(Object.keys(require(${specifier})).sort().join())`;
    const [esm, cjs] = [importing, requiring].map((code) =>
      execFileSync(process.execPath, ['-e', code], { cwd: apps, encoding: 'utf8' }),
    );
    assert.equal(esm, cjs, `both formats of ${specifier} export the same`);
    assert.ok(esm.trim().length > 0);
  }

  program('typescript/bin/tsc', ['-p', 'vite']);
  program('vite/bin/vite.js', ['build', '--logLevel', 'error'], join(apps, 'vite'));
  assert.ok(existsSync(join(apps, 'vite/dist/index.html')));

  program('next/dist/bin/next', ['build'], join(apps, 'next'));
  const page = readFileSync(join(apps, 'next/.next/server/app/index.html'), 'utf8');
  assert.match(page, /The tasks are connecting/, 'the server renders the first state');
} finally {
  rmSync(apps, { recursive: true, force: true });
}
