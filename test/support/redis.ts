import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Whether a Redis server is installed. */
export function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'pipe' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

export interface TestRedis {
  readonly pid: number;
  /** Pauses the process (SIGSTOP): it accepts connections but answers nothing. */
  hang(): void;
  /** Continues a paused process. */
  resume(): void;
  stop(): Promise<void>;
}

/** Starts a Redis without persistence, and waits until it accepts connections. */
export async function startRedis(port: number): Promise<TestRedis> {
  const child = spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1']);
  const exited = once(child, 'exit');
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('Ready to accept connections')) resolve();
    });
    void exited.then(() => reject(new Error(`Redis did not start:\n${output}`)));
  });
  return {
    pid: child.pid as number,
    hang: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
