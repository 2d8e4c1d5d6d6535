import { signDevelopmentToken } from '../../src/auth/development-token';
import type { Config } from '../../src/config';
import { parseConfig } from '../../src/config';
import { createLogger } from '../../src/observability/logger';
import { startService } from '../../src/start';
import { createTestDatabase, type TestDatabase } from './database';

export const testSecret = 'a-secret-of-the-tests-that-is-long-enough';

export interface TestService {
  readonly url: string;
  readonly database: TestDatabase;
  /** The lines of its log so far, parsed. */
  readonly logged: Record<string, unknown>[];
  /** Runs a background job until it has no more to do; they don't run by themselves unless JOBS is on. */
  runJob(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** A configuration for tests: a free port, no jobs on their own, nothing from this machine's environment. */
export function testConfig(environment: Record<string, string>): Config {
  return parseConfig({ PORT: '0', JOBS: 'off', BETTER_AUTH_SECRET: testSecret, ...environment });
}

/** Starts a service with a database of its own. */
export async function startTestService(environment: Record<string, string> = {}): Promise<TestService> {
  const database = await createTestDatabase();
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
    database,
    logged,
    runJob: service.runJob,
    async stop() {
      await service.stop();
      await database.drop();
    },
  };
}

/** A valid token of a user. */
export function tokenOf(userId: string): Promise<string> {
  return signDevelopmentToken(testSecret, { userId });
}
