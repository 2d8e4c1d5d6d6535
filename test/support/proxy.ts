import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pooledUrl } from './pooler';

/** A proxy for a server that can fail like a network. */
export interface NetworkProxy {
  readonly url: string;
  /** Existing connections transfer no more data; new connections work. */
  silence(): void;
  close(): Promise<void>;
}

/**
 * Decides about a chunk of the client or the server: the number of bytes to forward. The connection is cut if that is
 * less than the whole chunk. Null drops the chunk silently.
 */
export type ChunkHandler = (chunk: Buffer, from: 'client' | 'server') => number | null;

/** Connects to the server of a URL, whose host can be the directory of a Unix socket. */
function connectTo({ hostname, port }: URL): Socket {
  const host = decodeURIComponent(hostname);
  return host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(Number(port), host);
}

const pass: ChunkHandler = (chunk) => chunk.length;

/** Opens a proxy for the server at `url`, on a free port by default. */
export async function openProxy(
  url: string,
  handleChunk: ChunkHandler = pass,
  port = 0,
): Promise<NetworkProxy> {
  const target = new URL(pooledUrl(url));
  const sockets = new Set<Socket>();
  let silenced = new WeakSet<Socket>();
  const server = createServer((client) => {
    const upstream = connectTo(target);
    for (const [socket, other, from] of [
      [client, upstream, 'client'],
      [upstream, client, 'server'],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (chunk) => {
        if (silenced.has(socket)) return;
        const bytes = handleChunk(chunk, from);
        if (bytes === null) return;
        other.write(chunk.subarray(0, bytes));
        if (bytes < chunk.length) for (const end of [socket, other]) end.destroySoon();
      });
      socket.on('end', () => other.end());
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    // Like `url`, with or without a slash at its end.
    url: url.endsWith('/') ? through.href : through.href.replace(/\/$/, ''),
    silence() {
      silenced = new WeakSet(sockets);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}
