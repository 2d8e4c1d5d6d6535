import type { Config } from '../../src/config';
import { parseConfig } from '../../src/config';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { createLogger } from '../../src/platform/observability/logger';
import { startService } from '../../src/start';
import { createTestDatabase, type TestDatabase } from './database';
import { type FaultyStatement, watchStatements } from './lane-statements';
import { throughPooler } from './pooler';

export const testSecret = 'a-secret-of-the-tests-that-is-long-enough';

export interface TestService {
  readonly url: string;
  /** The address of the metrics; null without METRICS_PORT. */
  readonly metricsUrl: string | null;
  readonly database: TestDatabase;
  /** Its parsed log lines so far. */
  readonly logged: Record<string, unknown>[];
  /** The statements so far that left their lanes. */
  crossTenantStatements(): FaultyStatement[];
  /** Runs a background job until it has no more to do. Jobs do not run by themselves unless JOBS names it. */
  runJob(name: string): Promise<void>;
  /**
   * Rejects if a statement cannot run on shards, or left its lane, unless the service was started with
   * `allowCrossTenant`.
   */
  stop(): Promise<void>;
}

export interface TestServiceOptions {
  /** Prepares the database before the service starts. */
  readonly prepare?: (database: TestDatabase) => Promise<void>;
  /** Allows statements to leave their lanes. */
  readonly allowCrossTenant?: boolean;
}

/** A configuration for tests: a free port, no automatic jobs, no documentation site, and no variables of this machine's environment. */
export function testConfig(environment: Record<string, string>): Config {
  // A machine that is busy with other tests must not make a service refuse requests.
  return parseConfig({
    PORT: '0',
    JOBS: 'none',
    SHEDDING: 'off',
    // Each listener is a connection that would wake up streams at moments that a test does not choose.
    WAKE_UPS: 'off',
    BETTER_AUTH_SECRET: testSecret,
    DOCS_DIR: '/nowhere',
    ...throughPooler(environment),
  });
}

/** Starts a service with its own database. */
export async function startTestService(
  environment: Record<string, string> = {},
  { prepare, allowCrossTenant = false }: TestServiceOptions = {},
): Promise<TestService> {
  const database = await createTestDatabase();
  const watch = await watchStatements(database.url);
  await prepare?.(database);
  const logged: Record<string, unknown>[] = [];
  const log = createLogger({
    level: environment.LOG_LEVEL ?? 'info',
    pretty: false,
    destination: { write: (line) => void logged.push(JSON.parse(line)) },
  });
  const service = await startService(testConfig({ DATABASE_URL: database.url, ...environment }), log);
  await service.ready;
  return {
    url: service.url,
    metricsUrl: service.metricsUrl,
    database,
    logged,
    crossTenantStatements: watch.crossTenantStatements,
    runJob: service.runJob,
    async stop() {
      await service.stop();
      await database.drop();
      const unfit = watch.statementsUnfitForShards();
      if (unfit.length > 0)
        throw new Error(`Statements cannot run on shards: ${JSON.stringify(unfit, null, 2)}`);
      if (!allowCrossTenant && watch.crossTenantStatements().length > 0) {
        throw new Error(
          `Statements left their lanes: ${JSON.stringify(watch.crossTenantStatements(), null, 2)}`,
        );
      }
    },
  };
}

/** Starts a service before all tests of a file or a `describe` block, and stops it after them. */
export function useTestService(
  environment: Record<string, string> = {},
  options: TestServiceOptions = {},
): TestService {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService(environment, options);
  });
  afterAll(() => service.stop());
  return {
    get url() {
      return service.url;
    },
    get metricsUrl() {
      return service.metricsUrl;
    },
    get database() {
      return service.database;
    },
    get logged() {
      return service.logged;
    },
    crossTenantStatements: () => service.crossTenantStatements(),
    runJob: (name) => service.runJob(name),
    stop: () => service.stop(),
  };
}

/** A valid token of a user for `/mcp`. */
export function mcpTokenOf(url: string, userId: string, scope = 'tasklane:write'): Promise<string> {
  return signDevelopmentToken(testSecret, { userId, resource: `${url}/mcp`, scope });
}

/** A valid token of a user. */
export function tokenOf(userId: string): Promise<string> {
  return signDevelopmentToken(testSecret, { userId });
}
