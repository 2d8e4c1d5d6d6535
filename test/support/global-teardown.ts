import { rm } from 'node:fs/promises';
import type { EmbeddedPostgres } from '../../src/platform/database/embedded/server';

export default async function tearDown(): Promise<void> {
  const { testPostgres, testDataDir } = globalThis as unknown as {
    testPostgres?: EmbeddedPostgres;
    testDataDir: string;
  };
  if (!testPostgres) return;
  await testPostgres.stop();
  await rm(testDataDir, { recursive: true, force: true });
}
