import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface KeySetServer {
  /** The origin for BETTER_AUTH_URL; the key set has Better Auth's default path. */
  readonly url: string;
  /** The number of requests so far. */
  requests(): number;
  /** From now on answers with a JWK set of these keys, or with the listener. */
  serve(answer: readonly object[] | RequestListener): void;
  close(): Promise<void>;
}

export async function startKeySetServer(keys: readonly object[] = []): Promise<KeySetServer> {
  let answer: RequestListener;
  let requests = 0;
  const serve: KeySetServer['serve'] = (next) => {
    answer =
      typeof next === 'function'
        ? next
        : (request, response) => {
            response.statusCode = request.url === '/api/auth/jwks' ? 200 : 404;
            response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: next }));
          };
  };
  serve(keys);
  const server = createServer((request, response) => {
    requests++;
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    serve,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
