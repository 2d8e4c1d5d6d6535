/** The ways in which the tests of faults and the soak test break a database. Each returns how to repair it. */
import { Client } from 'pg';
import { query } from '../support/database';
import type { OwnPostgres } from './support';

export type Repair = () => Promise<void>;

const terminate = `select pg_terminate_backend(pid) from pg_stat_activity
                   where pid <> pg_backend_pid() and datname = current_database()`;

/** Ends all connections to the database. There is nothing to repair. */
export async function terminateBackends(url: string): Promise<void> {
  // The connection of the query itself can be one of another caller.
  await query(url, terminate).catch(() => undefined);
}

/** Kills the postmaster; the repair starts it again. */
export async function killPostmaster(postgres: OwnPostgres): Promise<Repair> {
  const { postmaster } = await postgres.pids();
  process.kill(postmaster, 'SIGKILL');
  return () => postgres.start();
}

/** Stops all processes of the server (SIGSTOP), so that it accepts connections but answers nothing. */
export async function hangPostgres(postgres: OwnPostgres): Promise<Repair> {
  const { postmaster, others } = await postgres.pids();
  const signal = (name: NodeJS.Signals) => {
    for (const pid of [postmaster, ...others]) {
      try {
        process.kill(pid, name);
      } catch {
        // It has ended since it was listed.
      }
    }
  };
  signal('SIGSTOP');
  return async () => signal('SIGCONT');
}

/** Makes the database read-only, as a server that was demoted. The service still has connections to it. */
export async function makeReadOnly(url: string): Promise<Repair> {
  await query(url, 'alter database tasklane set default_transaction_read_only = on');
  await terminateBackends(url);
  return async () => {
    // The setting of the session takes precedence over that of the database.
    const writable = new URL(url);
    writable.searchParams.set('options', '-c default_transaction_read_only=off');
    await query(writable.href, 'alter database tasklane reset default_transaction_read_only');
  };
}

/** Opens connections until the server accepts no more. */
export async function takeConnections(url: string): Promise<Repair> {
  const clients: Client[] = [];
  for (;;) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch {
      break;
    }
    clients.push(client);
  }
  return async () => void (await Promise.all(clients.splice(0).map((client) => client.end())));
}
