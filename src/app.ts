import { randomBytes } from 'node:crypto';
import express, { type Express, type RequestHandler, type Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import type { Logger } from 'pino';
import type { Config } from './config';
import { activityHandlers } from './features/activity/handlers';
import { batchHandlers } from './features/batch/handlers';
import { calendarFeedHandlers } from './features/calendar-feed/handlers';
import { clientHandlers } from './features/clients/handlers';
import { completionHandlers } from './features/completions/handlers';
import { eventHandlers } from './features/events/handlers';
import type { EventHub } from './features/events/hub';
import { confirmationKey } from './features/mcp/confirmation';
import { mcpResource } from './features/mcp/endpoint';
import { profileHandlers } from './features/profile/handlers';
import { projectHandlers } from './features/projects/handlers';
import { quickHandlers } from './features/quick/handlers';
import { statsHandlers } from './features/stats/handlers';
import { syncHandlers } from './features/sync/handlers';
import { tagHandlers } from './features/tags/handlers';
import { taskHandlers, taskListHandlers } from './features/tasks/handlers';
import { moveInstants } from './features/tasks/overdue';
import { transferHandlers } from './features/transfer/handlers';
import { trashHandlers } from './features/trash/handlers';
import { undoHandlers } from './features/undo/handlers';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { webhookHandlers } from './features/webhooks/handlers';
import type { Authenticator } from './platform/auth/authenticator';
import { createSpool } from './platform/contract/bodies/spool';
import { contractDocument, readContract } from './platform/contract/document/contract';
import type { Handlers } from './platform/contract/http/call';
import { ConstantHeaders, headersOf, headOf } from './platform/contract/http/head';
import { createContractRouter } from './platform/contract/http/router';
import { findLaneOfCalendarFeed } from './platform/database/calendar-feeds';
import type { Database } from './platform/database/database';
import { isUnavailable } from './platform/database/errors';
import { DocsSite } from './platform/docs/site';
import { createProxyCheck } from './platform/edge/address';
import { allowOrigins, createRefusedOriginLog } from './platform/edge/cors';
import type { RateLimiter } from './platform/edge/rate-limit';
import { requestLogger } from './platform/observability/logger';
import type { Metrics } from './platform/observability/metrics/metrics';
import { requestContext } from './platform/observability/request-context';
import type { Tracing } from './platform/observability/tracing/tracing';
import { type ServiceState, serviceHandlers } from './platform/service/handlers';

export interface AppDependencies {
  readonly config: Pick<
    Config,
    | 'auth'
    | 'corsOrigins'
    | 'databaseUrl'
    | 'docsDir'
    | 'imports'
    | 'invalidResponses'
    | 'maxBodyBytes'
    | 'requireIfMatch'
    | 'searchTypoTimeoutMs'
    | 'trashRetentionDays'
    | 'trustProxy'
  >;
  readonly database: Database;
  readonly authenticator: Authenticator;
  readonly rateLimiter: RateLimiter;
  readonly events: EventHub;
  readonly egress: EgressPolicy;
  readonly state: ServiceState;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly tracing?: Tracing | undefined;
}

const securityHeaders: HelmetOptions = {
  // Only the documentation serves pages, and it sets its own Content-Security-Policy.
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  xFrameOptions: { action: 'deny' },
};

/**
 * A secret that all instances have: that of the Better Auth server, or the address of the database with its password. With
 * neither, the database is embedded and there is one instance, which makes a secret of its own.
 */
function sharedSecret({ auth, databaseUrl }: Pick<Config, 'auth' | 'databaseUrl'>): string {
  return auth.secrets[0] ?? databaseUrl ?? randomBytes(32).toString('hex');
}

/** Makes the Express app, compiled and ready for requests. @throws if the contract is not valid */
export async function createApp(dependencies: AppDependencies): Promise<Express> {
  const { config, database, authenticator, rateLimiter, events, egress, state, log, metrics, tracing } =
    dependencies;
  const handlers: Handlers = {
    ...serviceHandlers(state),
    ...taskHandlers,
    ...taskListHandlers({
      trigramSchema: database.trigramSchema,
      typoTimeoutMs: config.searchTypoTimeoutMs,
    }),
    ...quickHandlers,
    ...completionHandlers,
    ...projectHandlers,
    ...tagHandlers,
    ...trashHandlers(config.trashRetentionDays),
    ...batchHandlers,
    ...undoHandlers,
    ...clientHandlers,
    ...statsHandlers,
    ...profileHandlers(moveInstants),
    ...syncHandlers,
    ...eventHandlers(events),
    ...activityHandlers,
    ...webhookHandlers(egress),
    ...transferHandlers,
    ...calendarFeedHandlers({
      publicUrl: () => state.publicUrl,
      async openFeed(secretHash) {
        const feed = await findLaneOfCalendarFeed(database.withSystemForRequests, secretHash);
        // Like a token that was issued before an erasure, an older secret no longer opens the lane.
        return feed && database.withUser(feed.userId, { issuedAt: feed.since.getTime() / 1000 });
      },
    }),
  };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustProxy);
  const requests = requestLogger(log, metrics);
  const checkProxy = createProxyCheck(config.trustProxy, log);
  const setCorsHeaders = allowOrigins(config.corsOrigins, createRefusedOriginLog(log));
  const withOrigin = new ConstantHeaders(headersOf(helmet(securityHeaders)));
  // Caches must not use it for a page of another origin, nor for a client that does not accept its coding.
  const withoutOrigin = new ConstantHeaders([...withOrigin.list, 'Vary', 'Origin, Accept-Encoding']);
  const serve = await createContractRouter(
    {
      contract: readContract(contractDocument),
      handlers,
      authenticator,
      rateLimiter,
      withUser: database.withUser,
      isUnavailable: (error) => !state.started || isUnavailable(error),
      publicUrl: () => state.publicUrl,
      trustedOrigins: new Set(config.corsOrigins.filter((each) => !each.includes('*'))),
      maxBodyBytes: config.maxBodyBytes,
      spool: await createSpool(config.imports, log),
      resources: [
        mcpResource(() => state.publicUrl, confirmationKey(sharedSecret(config)), metrics?.toolCalled),
      ],
      requireIfMatch: config.requireIfMatch,
      loggerOf: (request) => requests.loggerOf(request, request.res as Response),
      invalidResponses: config.invalidResponses,
    },
    log,
  );
  const docs = new DocsSite(config.docsDir);
  const serveDocs: RequestHandler = (request, response, next) => {
    docs.serve(request, response, headOf(response)).then(
      (isServed) => {
        if (!isServed) serve(request, response, next);
      },
      (error) => {
        requestContext(request).error = error;
        if (response.headersSent) response.destroy();
        else serve(request, response, next);
      },
    );
  };
  const handle: RequestHandler = (request, response, next) => {
    checkProxy(request);
    requests.watch(request, response);
    const hasOrigin = request.headers.origin !== undefined;
    const head = headOf(response, hasOrigin ? withOrigin : withoutOrigin);
    head.setHeader('X-Request-Id', String(request.id));
    const answer = request.url.startsWith('/api/') ? serve : serveDocs;
    if (!hasOrigin) return answer(request, response, next);
    // The CORS headers add the origin.
    head.setHeader('Vary', 'Accept-Encoding');
    setCorsHeaders(request, head as unknown as Response, () => answer(request, response, next));
  };
  // One middleware: Express needs a microsecond for each.
  app.use(
    tracing
      ? (request, response, next) => tracing.serve(request, response, () => handle(request, response, next))
      : handle,
  );
  return app;
}
