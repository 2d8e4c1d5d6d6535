import { once } from 'node:events';
import { connect } from 'node:net';
import type { Knex } from 'knex';
import { Client, type ClientConfig } from 'pg';
import { readTls } from './tls';

const parameterNames = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'uselibpqcompat'];
const probeTimeoutMs = 5_000;
// SSLRequest (PostgreSQL, "Message Formats"): its length and its code.
const tlsRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Whether the server at an address offers TLS. Rejects if the server cannot be asked. */
async function offersTls(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    socket.setTimeout(probeTimeoutMs, () => socket.destroy(new Error('timeout expired')));
    socket.once('end', () => socket.destroy(new Error('Connection terminated unexpectedly')));
    socket.write(tlsRequest);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer[0] !== 'N'.charCodeAt(0);
  } finally {
    socket.destroy();
  }
}

/**
 * The node-postgres settings for a `postgres://` URL, with TLS as in libpq. node-postgres itself treats every mode as
 * `verify-full`, and warns.
 * @throws TlsError if a file cannot be read or the parameters contradict each other
 */
export async function connectionSettings(url: string): Promise<ClientConfig> {
  const parsed = URL.parse(url);
  const tls = parsed && readTls(parsed.searchParams);
  if (!parsed || !tls) return { connectionString: url };
  for (const name of parameterNames) parsed.searchParams.delete(name);
  const settings: ClientConfig = { connectionString: parsed.href };
  const { host, port } = new Client(settings);
  // libpq also ignores TLS for a Unix socket.
  if (tls.options === null || host.startsWith('/')) return { ...settings, ssl: false };
  if (tls.optional && !(await offersTls(host, port))) return { ...settings, ssl: false };
  return { ...settings, ssl: tls.options };
}

/** `connectionSettings` for Knex, which reads them when it first connects; `more` adds others. */
export function connectionProvider(url: string, more: object = {}): Knex.AsyncConnectionConfigProvider {
  return async () => ({ ...(await connectionSettings(url)), ...more }) as Knex.PgConnectionConfig;
}

/** Makes a client for a `postgres://` URL. It is not connected yet. */
export async function createClient(url: string, more: ClientConfig = {}): Promise<Client> {
  return new Client({ ...(await connectionSettings(url)), ...more });
}

/** The settings of connections for migrations and the other commands. `pg_stat_activity` shows the name. */
export const toolConnection = {
  application_name: 'tasklane-migrate',
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
} as const satisfies ClientConfig;

/** Opens a separate connection, outside all pools. `end()` closes it. */
export async function openClient(
  url: string,
  onLost: (cause: Error) => void = () => undefined,
): Promise<Client> {
  const client = await createClient(url, toolConnection);
  client.on('error', onLost);
  await client.connect();
  return client;
}
