import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { distribute, migrateUp } from '../../src/platform/database/migrations';
import { citusNodes, joinServers } from './citus';
import { closeDatabase, createDatabase, dropDatabase, query, templateDatabase } from './database';
import { laneFunctions } from './lane-functions';

/** Makes a migrated template database in a Citus cluster. */
async function prepareCluster(): Promise<void> {
  process.env.TEST_CLUSTER_URL = citusNodes[0];
  // An earlier run on this cluster leaves it.
  await dropDatabase(templateDatabase);
  const template = await createDatabase(templateDatabase);
  await joinServers(templateDatabase);
  await migrateUp(template);
  await query(template, laneFunctions);
  await distribute(template);
  await closeDatabase(templateDatabase);
}

/**
 * Starts one Postgres for all tests, with a migrated template database that tests clone; or makes the template in a Citus
 * cluster, if there is one.
 */
export default async function setUp(): Promise<void> {
  if (citusNodes.length > 0) return prepareCluster();
  const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-test-'));
  // Postgres may run as another user than the tests.
  await chmod(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({
    dataDir,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  process.env.TEST_CLUSTER_URL = postgres.url;
  try {
    const template = await createDatabase(templateDatabase);
    await migrateUp(template);
    await query(template, laneFunctions);
  } catch (error) {
    // Jest runs no teardown if the set-up fails.
    await postgres.stop();
    throw error;
  }
  Object.assign(globalThis, { testPostgres: postgres, testDataDir: dataDir });
}
