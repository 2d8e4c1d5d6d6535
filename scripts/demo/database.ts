/**
 * Runs the embedded Postgres in DATA_DIR until standard input ends or a signal comes. It prints the address of the database.
 * Better Auth and the service share it.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';

async function main(): Promise<void> {
  const dataDir = path.resolve(process.env.DATA_DIR as string);
  await mkdir(dataDir, { recursive: true });
  const postgres = await startEmbeddedPostgres({ dataDir });
  process.stdout.write(`${postgres.url}\n`);
  const stop = () => void postgres.stop().then(() => process.exit());
  process.stdin.on('end', stop).resume();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
