/** The processes of `npm run demo`, on free ports and with a data directory of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../../..');

/** Starts the demo, with variables of its environment. Resolves to its addresses, and to a function that ends it. */
export async function startDemo(settings = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-app-'));
  const child = spawn(process.execPath, ['scripts/demo/main.mjs'], {
    cwd: root,
    env: { ...process.env, PORT: '0', API_PORT: '0', DATA_DIR: dataDir, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const lines = [];
  const addresses = {};
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const [, name, url] = /^The (app is ready|service is at):? (http:[^, ]+)/.exec(line) ?? [];
      if (name) addresses[name.split(' ')[0]] = url;
      if (addresses.app && addresses.service) resolve();
    });
    exited.then(() => reject(new Error(`The demo ended:\n${lines.join('\n')}`)));
  });
  async function stop() {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  }
  try {
    await ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...addresses, stop };
}
