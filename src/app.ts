import cors from 'cors';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Authenticator } from './auth/authenticator';
import type { Config } from './config';
import { contractDocument, readContract } from './contract/contract';
import type { Handlers } from './contract/operations';
import { createContractRouter } from './contract/router';
import type { Database } from './database/database';
import { isUnavailable } from './database/faults';
import { requestLogger } from './observability/logger';
import { type ServiceState, serviceHandlers } from './service/handlers';
import { taskHandlers } from './tasks/handlers';

export interface AppDependencies {
  readonly config: Pick<Config, 'corsOrigins' | 'maxBodyBytes' | 'invalidResponses'>;
  readonly database: Database;
  readonly authenticator: Authenticator;
  readonly state: ServiceState;
  readonly log: Logger;
}

/** Makes the service, compiled and ready for requests. @throws if the contract is not valid. */
export async function createApp(dependencies: AppDependencies): Promise<Express> {
  const { config, database, authenticator, state, log } = dependencies;
  const handlers: Handlers = { ...serviceHandlers(state), ...taskHandlers };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(requestLogger(log));
  app.use(
    cors({
      origin: [...config.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['Authorization', 'Content-Type', 'X-Request-Id', 'traceparent'],
      exposedHeaders: ['Link', 'Location', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
      maxAge: 600,
      // The route answers, with what it allows.
      preflightContinue: true,
    }),
  );
  app.use(
    await createContractRouter(
      {
        contract: readContract(contractDocument),
        handlers,
        authenticator,
        withUser: database.withUser,
        isUnavailable,
        trustedOrigins: new Set(config.corsOrigins),
        maxBodyBytes: config.maxBodyBytes,
        invalidResponses: config.invalidResponses,
      },
      log,
    ),
  );
  return app;
}
