import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that can fail as a network does. */
export interface NetworkProxy {
  readonly url: string;
  /** From now on the connections that there are carry nothing; new ones work. */
  silence(): void;
  close(): Promise<void>;
}

/**
 * What becomes of a chunk that the client or the server sends: how many of its bytes go on, after which the connection
 * is cut unless they are all; null loses the chunk and tells nobody.
 */
export type Fate = (chunk: Buffer, from: 'client' | 'server') => number | null;

const pass: Fate = (chunk) => chunk.length;

/** Opens a way to the server at `url`, on a free port unless one is given. */
export async function openProxy(url: string, fateOf: Fate = pass, port = 0): Promise<NetworkProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let silenced = new WeakSet<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [socket, other, from] of [
      [client, upstream, 'client'],
      [upstream, client, 'server'],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (chunk) => {
        if (silenced.has(socket)) return;
        const bytes = fateOf(chunk, from);
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
    // As `url` was written, with or without a slash at its end.
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
