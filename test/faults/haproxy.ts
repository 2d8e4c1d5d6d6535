/** Starts HAProxy, which CI installs, before instances of the service. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haproxyConfiguration } from '../../scripts/rolling/haproxy';
import { freePort } from '../../src/platform/database/embedded/server';

export interface Haproxy {
  readonly url: string;
  /** The ports of the instances to which it sends requests. */
  ports(): Promise<number[]>;
  stop(): Promise<void>;
}

/** Starts HAProxy before the instances on these ports, of which some may not run yet. */
export async function startHaproxy(ports: readonly number[]): Promise<Haproxy> {
  const directory = await mkdtemp(join(tmpdir(), 'tasklane-haproxy-'));
  const file = join(directory, 'haproxy.cfg');
  const port = await freePort();
  await writeFile(file, haproxyConfiguration(port, ports, { intervalMs: 100, fall: 1 }));
  const child = spawn('haproxy', ['-f', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
  });
  // The log of its checks would fill the pipe.
  child.stderr.resume();
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    async ports() {
      const table = await fetch(`${url}/haproxy;csv`).then(
        (response) => response.text(),
        () => '',
      );
      return [...table.matchAll(/^instances,instance(\d+),.*?,UP,/gm)].map(([, name]) => Number(name));
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
