/** The processes of the demo, which end together. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const patienceMs = 10_000;

/** Runs a command to its end, and shows its output only if it fails. */
export async function run(command, args, { cwd, env = process.env }) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${Buffer.concat(output)}`);
}

/** Starts a process that goes on, and resolves to the first match of `ready` in its output. */
export async function start(command, args, { cwd, env, ready, lost }) {
  // In a process group of its own, so that the terminal's signal does not reach it before it should end.
  const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const lines = [];
  const exited = once(child, 'exit');
  let isStopping = false;
  const found = new Promise((resolve, reject) => {
    const read = (line) => {
      lines.push(line);
      if (lines.length > 200) lines.shift();
      const match = ready.exec(line);
      if (match) resolve(match[1] ?? match[0]);
    };
    createInterface({ input: child.stdout }).on('line', read);
    createInterface({ input: child.stderr }).on('line', read);
    exited.then(([code, signal]) => {
      const error = new Error(`${args.at(-1)} ended (${code ?? signal}):\n${lines.slice(-30).join('\n')}`);
      reject(error);
      if (!isStopping) lost(error);
    });
  });
  async function stop() {
    isStopping = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), patienceMs);
    await exited;
    clearTimeout(timer);
  }
  return { found, stop };
}

/** A port that nobody uses: the wanted one, if it is free. */
export async function freePort(wanted) {
  for (const port of [wanted, 0]) {
    const server = createServer();
    const listening = once(server, 'listening').then(() => server.address().port);
    server.listen(port, '127.0.0.1');
    const found = await listening.catch(() => undefined);
    server.close();
    if (found !== undefined) return found;
  }
  throw new Error('There is no free port.');
}
