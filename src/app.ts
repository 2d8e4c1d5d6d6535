import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { activityHandlers } from './activity/handlers';
import type { Authenticator } from './auth/authenticator';
import { batchHandlers } from './batch/handlers';
import { calendarFeedHandlers } from './calendar-feed/handlers';
import { completionHandlers } from './completions/handlers';
import type { Config } from './config';
import { contractDocument, readContract } from './contract/contract';
import type { Handlers } from './contract/operations';
import { createContractRouter } from './contract/router';
import { createSpool } from './contract/spool';
import type { Database } from './database/database';
import { isUnavailable } from './database/faults';
import { findLaneOfFeed } from './database/feeds';
import { createProxyCheck } from './edge/address';
import { allowOrigins } from './edge/cors';
import type { RateLimiter } from './edge/rate-limit';
import { eventHandlers } from './events/handlers';
import type { EventHub } from './events/hub';
import { requestLogger } from './observability/logger';
import { profileHandlers } from './profile/handlers';
import { projectHandlers } from './projects/handlers';
import { type ServiceState, serviceHandlers } from './service/handlers';
import { statsHandlers } from './stats/handlers';
import { syncHandlers } from './sync/handlers';
import { tagHandlers } from './tags/handlers';
import { taskHandlers, taskListHandlers } from './tasks/handlers';
import { transferHandlers } from './transfer/handlers';
import { trashHandlers } from './trash/handlers';
import { webhookHandlers } from './webhooks/handlers';
import type { Targets } from './webhooks/targets';

export interface AppDependencies {
  readonly config: Pick<
    Config,
    | 'corsOrigins'
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
  readonly targets: Targets;
  readonly state: ServiceState;
  readonly log: Logger;
}

/** Makes the service, compiled and ready for requests. @throws if the contract is not valid. */
export async function createApp(dependencies: AppDependencies): Promise<Express> {
  const { config, database, authenticator, rateLimiter, events, targets, state, log } = dependencies;
  const handlers: Handlers = {
    ...serviceHandlers(state),
    ...taskHandlers,
    ...taskListHandlers({
      trigramSchema: database.trigramSchema,
      typoTimeoutMs: config.searchTypoTimeoutMs,
    }),
    ...completionHandlers,
    ...projectHandlers,
    ...tagHandlers,
    ...trashHandlers(config.trashRetentionDays),
    ...batchHandlers,
    ...statsHandlers,
    ...profileHandlers,
    ...syncHandlers,
    ...eventHandlers(events),
    ...activityHandlers,
    ...webhookHandlers(targets),
    ...transferHandlers,
    ...calendarFeedHandlers({
      publicUrl: () => state.publicUrl,
      async openFeed(secretHash) {
        const feed = await findLaneOfFeed(database.withSystemForRequests, secretHash);
        // Its secret opens the lane as a token of that time would.
        return feed && database.withUser(feed.userId, { issuedAt: feed.since.getTime() / 1000 });
      },
    }),
  };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', config.trustProxy);
  app.use(requestLogger(log));
  const checkProxy = createProxyCheck(config.trustProxy, log);
  app.use((request, _response, next) => {
    checkProxy(request);
    next();
  });
  app.use(
    helmet({
      // Nothing here is a page, but for the documentation, which says what it needs.
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      xFrameOptions: { action: 'deny' },
    }),
  );
  app.use(allowOrigins(config.corsOrigins));
  app.use(
    await createContractRouter(
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
        requireIfMatch: config.requireIfMatch,
        invalidResponses: config.invalidResponses,
      },
      log,
    ),
  );
  return app;
}
