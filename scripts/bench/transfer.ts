/**
 * `npm run bench:transfer [-- --tasks 100000]`: measures exports and imports of a large lane: their time, the memory of the
 * service, and the longest stall of its event loop. The service is a process of its own.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { startChild } from './processes';
import type { Usage } from './transfer-server';
import { secret } from './workload';

const mib = 1024 * 1024;
const formats = [
  { name: 'JSON', from: 'export', to: 'import.json', type: 'application/json' },
  { name: 'CSV', from: 'export.csv', to: 'import.csv', type: 'text/csv' },
  { name: 'iCalendar', from: 'export.ics', to: 'import.ics', type: 'text/calendar' },
];

/** A CSV file with `count` tasks, some with subtasks and due dates, all with text and tags. */
function makeFile(count: number): string {
  const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const lines = ['id,parent_id,title,description,tags,due_date,due_time,time_zone'];
  for (let n = 0; n < count; n++) {
    const parent = n % 5 === 0 ? '' : id(n - (n % 5));
    const due = n % 3 === 0 ? `2026-${String(1 + (n % 12)).padStart(2, '0')}-15,18:00,Europe/Zurich` : ',,';
    lines.push(
      `${id(n)},${parent},Task number ${n},"Some words about it, more or less","tag ${n % 20}, tag ${n % 7}",${due}`,
    );
  }
  return lines.join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { tasks: { type: 'string', default: '100000' } } });
  const count = Number(values.tasks);
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
  const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-bench-'));
  // Postgres may run as another user.
  await chmod(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir });
  try {
    await migrateUp(postgres.url);
    const server = await startChild<{ port: number }, 'usage', Usage>('transfer-server', '', {
      environment: {
        DATABASE_URL: postgres.url,
        BETTER_AUTH_SECRET: secret,
      },
      signal: interruption.signal,
    });
    try {
      await measure(server.ready.port, count, () => server.ask('usage'));
    } finally {
      await server.stop();
    }
  } finally {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function measure(port: number, count: number, usage: () => Promise<Usage>): Promise<void> {
  const report = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);

  async function request(user: string, path: string, init: RequestInit = {}, what = ''): Promise<string> {
    const token = await signDevelopmentToken(secret, { userId: user });
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    await usage();
    const start = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/api/${user}/${path}`, { ...init, headers });
    const text = await response.text();
    const seconds = (performance.now() - start) / 1000;
    if (!response.ok) throw new Error(`${what}: ${response.status} ${text.slice(0, 500)}`);
    const { memory, stall } = await usage();
    const size = Buffer.byteLength((init.body as string | undefined) ?? text) / mib;
    report([what, size.toFixed(0), seconds.toFixed(1), (memory / mib).toFixed(0), stall.toFixed(0)]);
    return text;
  }
  const importInto = (user: string, path: string, type: string, body: string, what: string) =>
    request(user, path, { method: 'POST', headers: { 'content-type': type }, body }, what);

  process.stdout.write(`${count} tasks, Node ${process.version}\n\n`);
  report(['', 'file, MiB', 'seconds', 'largest memory, MiB', 'longest stall, ms']);
  report(['---', '---:', '---:', '---:', '---:']);
  const { memory } = await usage();
  report(['at rest', '', '', (memory / mib).toFixed(0), '']);
  await importInto('origin', 'import.csv', 'text/csv', makeFile(count), 'create the lane from CSV');
  for (const { name, from, to, type } of formats) {
    const file = await request('origin', from, {}, `export ${name}`);
    const user = `copy-${name.toLowerCase()}`;
    await importInto(user, `${to}?dry_run=true`, type, file, `try ${name}`);
    await importInto(user, to, type, file, `import ${name}`);
    await importInto(user, to, type, file, `import ${name} again`);
  }
}

main();
