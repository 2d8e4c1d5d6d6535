import tearDownPostgres from './global-teardown';
import type { Pooler } from './pooler';

export default async function tearDown(): Promise<void> {
  await (globalThis as unknown as { testPooler: Pooler }).testPooler.close();
  await tearDownPostgres();
}
