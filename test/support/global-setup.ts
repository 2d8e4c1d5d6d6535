import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { createDatabase, templateDatabase } from './database';

/** Starts one Postgres for all tests, with a migrated database that each test's own is cloned from. */
export default async function setUp(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-test-'));
  // Postgres may have to run as another user than the tests.
  await chmod(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({
    dataDir,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  process.env.TEST_CLUSTER_URL = postgres.url;
  try {
    await migrateUp(await createDatabase(templateDatabase));
  } catch (error) {
    // Without a set-up there is no teardown.
    await postgres.stop();
    throw error;
  }
  Object.assign(globalThis, { testPostgres: postgres, testDataDir: dataDir });
}
