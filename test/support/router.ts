/** The contract's router alone, with handlers and contracts of a test. */
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import express, { type RequestHandler } from 'express';
import pino from 'pino';
import type { Authenticator } from '../../src/platform/auth/authenticator';
import { createSpool } from '../../src/platform/contract/bodies/spool';
import { contractDocument, readContract } from '../../src/platform/contract/document/contract';
import type { Handlers } from '../../src/platform/contract/http/call';
import { createContractRouter, type RouterDependencies } from '../../src/platform/contract/http/router';
import { createServer } from '../../src/platform/contract/http/server';
import type { UserLane } from '../../src/platform/database/lane';
import { unlimited } from '../../src/platform/edge/rate-limit';
import { operations } from './operations';

const identity = {
  userId: 'ada',
  clientId: null,
  issuedAt: null,
  issuedAfter: null,
  scopes: ['read', 'write'],
  carrier: 'header',
} as never;
const anyone: Authenticator = {
  authenticate: async () => ({ outcome: 'authenticated', identity }),
} as unknown as Authenticator;

export type AnyCall = { query: unknown; reply(status: number, body?: unknown): unknown };

/** The same handler for every operation. */
export function allHandlers(handler: (call: AnyCall) => Promise<unknown>): Handlers {
  return Object.fromEntries(operations.map(({ id }) => [id, handler])) as unknown as Handlers;
}

const silent = pino({ level: 'silent' });

/** Makes the router; the default handlers fail, and every caller is `ada`. */
export async function createTestRouter(overrides: Partial<RouterDependencies> = {}): Promise<RequestHandler> {
  return createContractRouter(
    {
      contract: readContract(contractDocument),
      handlers: allHandlers(async () => {
        throw new Error('a secret of the inside');
      }),
      authenticator: anyone,
      rateLimiter: unlimited,
      withUser: () => ({}) as UserLane,
      isUnavailable: () => false,
      trustedOrigins: new Set(),
      publicUrl: () => 'http://localhost',
      maxBodyBytes: 1000,
      spool: await createSpool(
        {
          directory: tmpdir(),
          maxBytes: 1000,
          maxTotalBytes: 1_000_000,
          concurrency: 1000,
          waitMs: 1000,
          rate: { bytesPerSecond: 1, patienceMs: 10_000 },
        },
        silent,
      ),
      requireIfMatch: false,
      loggerOf: () => silent,
      invalidResponses: 'reject',
      ...overrides,
    },
    silent,
  );
}

/** Serves a router without a logger. */
export async function serveRouter(
  overrides: Partial<RouterDependencies>,
): Promise<{ url: string; close(): Promise<void> }> {
  const app = express().disable('etag');
  app.use((request, response, next) => {
    request.id = 'an-id';
    response.setHeader('X-Request-Id', 'an-id');
    next();
  });
  app.use(await createTestRouter(overrides));
  const writes = { writeTimeoutMs: 30_000, maxWaitingBytes: 2 ** 25, maxTotalWaitingBytes: 2 ** 27 };
  const server = createServer(app, { headersTimeoutMs: 10_000, requestTimeoutMs: 60_000, writes }, silent);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A changed contract. */
// biome-ignore lint/suspicious/noExplicitAny: a change may go anywhere.
export function changedContract(change: (document: any) => void): Pick<RouterDependencies, 'contract'> {
  const document = structuredClone(contractDocument);
  change(document);
  return { contract: readContract(document) };
}
