import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Calls `attempt` every few milliseconds until it returns a value; undefined after `timeout` milliseconds. */
export async function poll<T>(
  attempt: () => Promise<T | undefined>,
  timeout: number,
): Promise<T | undefined> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const value = await attempt();
    if (value !== undefined || Date.now() > deadline) return value;
    // Random, so that two processes that wait for each other do not retry at the same time.
    await sleep(4 + Math.random() * 4);
  }
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const options = { encoding: 'utf8', env, stdio: 'pipe' } as const;
  return orUndefined(() =>
    execFileSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], options).trim(),
  );
}

/**
 * The identity of a running process, `<pid>.<start time>`. No later process with the same pid has it. Undefined if
 * the process does not run or is a zombie. On Windows, the start time is slow to read, so the identity has only the
 * pid.
 */
export function identify(pid: number): string | undefined {
  if (!(pid > 0)) return undefined;
  if (process.platform === 'win32') return orUndefined(() => process.kill(pid, 0)) && `${pid}.0`;
  if (process.platform !== 'linux') {
    const started = ps(pid, 'lstart');
    return started && `${pid}.${Date.parse(started)}`;
  }
  const stat = orUndefined(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // proc_pid_stat(5): the name in parentheses may contain anything. The state is field 3, the start time field 22.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  // The start time is relative to the boot, so it is unique only together with the boot id.
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
  return `${pid}.${boot}${fields[19]}`;
}

/** Whether the process with this identity (from `identify`) still runs. */
export function isRunning(identity: string): boolean {
  return identify(Number.parseInt(identity, 10)) === identity;
}

/** The arguments of a running process, joined by spaces; undefined if the system does not provide them. */
export function commandLine(pid: number): string | undefined {
  if (process.platform === 'win32') return undefined;
  if (process.platform !== 'linux') return ps(pid, 'command');
  return orUndefined(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
}

/**
 * Runs `work` under the lock in `directory`, which one process or caller holds at a time. A holder has a file there
 * that is named after its process, so that the file of a dead process can be removed.
 * @throws Error if the lock is not available within `timeout` milliseconds; the error of `work`
 */
export async function withLock<T>(directory: string, timeout: number, work: () => Promise<T>): Promise<T> {
  await mkdir(directory, { recursive: true });
  const entry = `${identify(process.pid)}_${randomUUID()}`;
  const file = path.join(directory, entry);
  let holder: string | undefined;
  const acquire = async (): Promise<true | undefined> => {
    // The file is created before the search for others. If two start at once, at least the later one sees the other.
    await writeFile(file, '');
    holder = undefined;
    for (const other of await readdir(directory)) {
      if (other === entry) continue;
      if (isRunning(other.split('_')[0] ?? '')) holder = other;
      else await rm(path.join(directory, other), { force: true });
    }
    if (holder === undefined) return true;
    await rm(file, { force: true });
    return undefined;
  };
  try {
    if (await poll(acquire, timeout)) return await work();
    throw new Error(`the lock ${path.join(directory, holder ?? '')} is held by another process for too long`);
  } finally {
    await rm(file, { force: true });
  }
}
