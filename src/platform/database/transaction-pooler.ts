/**
 * Detects a pooler that shares a server connection among clients between transactions. Migrations cannot run through
 * such a pooler.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { openClient } from './connection';
import { SetupError } from './errors';

// Hosts and ports that providers document for poolers in transaction mode.
const knownPoolers: readonly { readonly name: string; matches(url: URL): boolean }[] = [
  { name: 'Neon', matches: ({ hostname }) => /^ep-[^.]*-pooler\..*neon\.tech$/.test(hostname) },
  {
    name: 'Supabase',
    matches: ({ hostname, port }) => port === '6543' && /\.supabase\.(co|com)$/.test(hostname),
  },
];

async function serverProcess(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid as number;
}

/** The process id that the server or a pooler sent at the start of the connection. */
function announcedProcess(client: Client): number | undefined {
  return (client as Client & { processID?: number }).processID;
}

const clientCount = 3;
// Other clients of the pooler can hide it in one round. A connection without a pooler is recognized before.
const rounds = 20;
// A proxy with one server connection per client answers at once. A pooler may make its clients wait.
const probeTimeoutMs = 5_000;

/**
 * Whether one server process serves several clients while all stay connected. While the first client is between two
 * transactions, the others begin transactions and take the available server connections.
 */
async function sharesServers(url: string): Promise<boolean> {
  const clients: Client[] = [];
  try {
    for (let count = 0; count < clientCount; count++) clients.push(await openClient(url));
    const [first, ...others] = clients as [Client, ...Client[]];
    const own = await serverProcess(first);
    for (let round = 0; round < rounds; round++) {
      // A pooler gives the server that was released last, or the one that waits longest: the first client's own, or not.
      if ((await serverProcess(first)) !== own) return true;
      for (const other of others) {
        await other.query('begin read only');
        if ((await serverProcess(other)) === own) return true;
      }
      if ((await serverProcess(first)) !== own) return true;
      for (const other of others) await other.query('rollback');
    }
    return false;
  } finally {
    // A client that waits in the pooler does not end by itself, so this does not wait for it.
    for (const client of clients) void client.end().catch(() => undefined);
  }
}

/**
 * Why a URL leads through a pooler in transaction mode, such as PgBouncer; null if it does not. It only reads: it
 * changes no settings and takes no locks.
 */
export async function findTransactionPooler(url: string): Promise<string | null> {
  const parsed = URL.parse(url);
  const known = parsed && knownPoolers.find((each) => each.matches(parsed));
  if (known) return `the host is ${known.name}'s pooler`;
  const client = await openClient(url);
  const announced = announcedProcess(client);
  // A pooler sends a process id of its own.
  const direct = await serverProcess(client)
    .then((pid) => pid === announced)
    .finally(() => client.end());
  if (direct) return null;
  const silent = sleep(probeTimeoutMs, 'silent' as const, { ref: false });
  const shared = await Promise.race([sharesServers(url), silent]).catch((error: Error) => {
    // PgBouncer refuses `begin` in statement mode.
    if (/statement pooling/.test(error.message)) return true;
    throw error;
  });
  if (shared === 'silent') return 'a proxy makes connections wait for each other';
  return shared ? 'several clients share a server connection between transactions' : null;
}

/**
 * Refuses a URL that leads through a pooler in transaction mode.
 * @throws SetupError that says what to do
 */
export async function refuseTransactionPooler(url: string): Promise<void> {
  const reason = await findTransactionPooler(url);
  if (reason === null) return;
  throw new SetupError(
    `Migrations need a direct connection, and this one goes through a pooler in transaction mode: ${reason}. ` +
      'Set DATABASE_DIRECT_URL to the address of the Postgres server itself. For Neon, this is the host without "-pooler"; ' +
      'for your own PgBouncer, the host and the port of Postgres.',
  );
}
