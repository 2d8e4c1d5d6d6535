import { Client } from 'pg';

/** How migrations and the looks beside the service are called in `pg_stat_activity`. */
export const migrationName = 'tasklane-migrate';

/** How long a server may take to answer a new connection. */
const connectTimeoutMs = 10_000;

/**
 * Opens a connection of its own, past all pools; `end()` closes it.
 * @param url a `postgres://` URL
 */
export async function openClient(
  url: string,
  onLost: (cause: Error) => void = () => undefined,
): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: migrationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  client.on('error', onLost);
  await client.connect();
  return client;
}
