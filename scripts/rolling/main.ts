/**
 * `npm run rolling [-- haproxy nginx nginx-reload]`: replaces two instances one after the other behind HAProxy and behind nginx, under load, and counts the
 * requests that fail. Clients repeat nothing. It needs `haproxy` and `nginx`, ends by itself, and fails if a request failed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { freePort, startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { heapFlags } from '../../src/platform/heap';
import { projectPath } from '../../src/platform/paths';
import { haproxyConfiguration } from './haproxy';

const secret = 'a secret of the rolling restarts, 0123456789';
const clients = 8;
const shutdownDelayMs = 2_000;
const deadlineMs = 60_000;

/** A load balancer before the ports of two instances. */
interface Balancer {
  /** Takes an instance out, or puts it back in. Null: the load balancer notices by itself. */
  readonly use: ((ports: readonly number[]) => Promise<void>) | null;
  readonly stop: () => Promise<void>;
}

type StartBalancer = (directory: string, port: number, ports: readonly number[]) => Promise<Balancer>;

const running = new Set<ChildProcess>();

function start(command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: `${process.env.PATH}:/usr/sbin`, ...env },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function untilReady(port: number): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, {
      signal: AbortSignal.timeout(5_000),
    }).then(
      async (response) => ({ ok: response.ok, text: await response.text() }),
      (error) => ({ ok: false, text: String(error.cause ?? error) }),
    );
    if (answer.ok) return;
    if (performance.now() > deadline) throw new Error(`Port ${port} is not ready: ${answer.text}`);
    await sleep(50);
  }
}

const haproxy: StartBalancer = async (directory, port, ports) => {
  const file = join(directory, 'haproxy.cfg');
  await writeFile(file, haproxyConfiguration(port, ports, { intervalMs: 200, fall: 2 }));
  const child = start('haproxy', ['-f', file]);
  return { use: null, stop: () => end(child, 'SIGTERM') };
};

/**
 * nginx has no health checks. With `retries`, it sends a request to the other instance if the connection fails. Clients send
 * an Idempotency-Key, so no write is made twice. Without, an instance is taken out of the configuration before it stops.
 * A reload of nginx before 1.27.4 closes connections that clients use next, so clients' connections are not kept alive then.
 */
const nginx =
  (retries: boolean): StartBalancer =>
  async (directory, port, ports) => {
    const file = join(directory, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((each) => `${each}_temp_path ${directory}/${each};`)
      .join(' ');
    const configure = (chosen: readonly number[]) =>
      writeFile(
        file,
        `pid ${directory}/nginx.pid;
error_log /dev/null;
daemon off;
worker_processes 1;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary}
  upstream instances {
    ${chosen.map((each) => `server 127.0.0.1:${each} max_fails=1 fail_timeout=1s;`).join(' ')}
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://instances;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      ${retries ? 'proxy_next_upstream error timeout non_idempotent;' : 'proxy_next_upstream off; keepalive_timeout 0;'}
    }
  }
}
`,
      );
    await configure(ports);
    const child = start('nginx', ['-c', file, '-e', '/dev/null']);
    const use = async (chosen: readonly number[]) => {
      await configure(chosen);
      child.kill('SIGHUP');
      // Old workers finish the requests that they have.
      await sleep(shutdownDelayMs);
    };
    return { use: retries ? null : use, stop: () => end(child, 'SIGQUIT') };
  };

/** Sends a request; resolves with the status, or the code of the error. */
function send(agent: Agent, url: string, method: string, token: string): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      ...(method === 'POST' && { 'Idempotency-Key': randomUUID() }),
    };
    const sending = request(`${url}/api/ada/tasks`, { agent, method, headers }, (response) => {
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      response.on('end', () => resolve(response.statusCode as number));
      response.resume();
    });
    sending.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sending.end(method === 'POST' ? '{"title":"A task"}' : undefined);
  });
}

/** Replaces both instances behind a load balancer under load. Returns how many requests had each answer. */
async function roll(
  name: string,
  startBalancer: StartBalancer,
  databaseUrl: string,
  directory: string,
): Promise<number> {
  const ports = [await freePort(), await freePort()];
  const startInstance = (port: number) =>
    start(process.execPath, [...heapFlags, projectPath('dist', 'src', 'main.js')], {
      PORT: String(port),
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      BETTER_AUTH_SECRET: secret,
      RATE_LIMIT: 'off',
      LOG_LEVEL: 'error',
      SHUTDOWN_DELAY_MS: String(shutdownDelayMs),
    });
  const instances = ports.map(startInstance);
  await Promise.all(ports.map(untilReady));
  const port = await freePort();
  const balancer = await startBalancer(directory, port, ports);
  await untilReady(port);

  const token = await signDevelopmentToken(secret, { userId: 'ada' });
  const agent = new Agent({ keepAlive: true });
  const answers = new Map<number | string, number>();
  let done = false;
  const load = Array.from({ length: clients }, async (_, client) => {
    while (!done) {
      const answer = await send(agent, `http://127.0.0.1:${port}`, client % 2 === 0 ? 'POST' : 'GET', token);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  });
  const began = performance.now();
  for (const [n, each] of ports.entries()) {
    await balancer.use?.(ports.filter((other) => other !== each));
    await end(instances[n] as ChildProcess, 'SIGTERM');
    instances[n] = startInstance(each);
    await untilReady(each);
    await balancer.use?.(ports);
    // The load balancer must see the new instance before the other one stops.
    await sleep(shutdownDelayMs);
  }
  done = true;
  await Promise.all(load);
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  await balancer.stop();
  await Promise.all(instances.map((each) => end(each, 'SIGKILL')));
  const total = [...answers.values()].reduce((sum, each) => sum + each, 0);
  const failed = total - (answers.get(200) ?? 0) - (answers.get(201) ?? 0);
  const counts = [...answers].map(([answer, count]) => `${count} × ${answer}`).join(', ');
  process.stdout.write(
    `${name}: ${failed} of ${total} requests failed in ${seconds.toFixed(1)} s (${counts})\n`,
  );
  return failed;
}

const balancers: Record<string, { readonly name: string; readonly start: StartBalancer }> = {
  haproxy: { name: 'HAProxy, no retries', start: haproxy },
  nginx: { name: 'nginx, the other instance if a connection fails', start: nginx(true) },
  'nginx-reload': { name: 'nginx, no retries, instances taken out', start: nginx(false) },
};

async function main(): Promise<void> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'tasklane-rolling-')));
  await chmod(directory, 0o777);
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, 'data') });
  let failed = 0;
  try {
    await migrateUp(postgres.url);
    const chosen = process.argv.slice(2);
    for (const [key, { name, start: startBalancer }] of Object.entries(balancers)) {
      if (chosen.length > 0 && !chosen.includes(key)) continue;
      failed += await roll(name, startBalancer, postgres.url, directory);
    }
  } finally {
    await Promise.all([...running].map((each) => end(each, 'SIGKILL')));
    await postgres.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exitCode = 1;
});
