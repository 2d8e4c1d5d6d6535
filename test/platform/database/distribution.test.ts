/**
 * Tests what `tasklane migrate --distribute` says on a server without Citus. The tests on a cluster are those of the whole
 * service: `scripts/citus/run <directory> npx jest`.
 */
import { distribute } from '../../../src/platform/database/migrations';
import { citusNodes } from '../../support/citus';
import { createTestDatabase, query } from '../../support/database';

test('a database without the extension is not distributed', async () => {
  const database = await createTestDatabase();
  try {
    const keys = () =>
      query(
        database.url,
        `select conname from pg_constraint where connamespace = 'tasklane'::regnamespace and contype = 'f' order by 1`,
      );
    const before = await keys();
    if (citusNodes.length === 0) {
      await expect(distribute(database.url)).rejects.toThrow(
        /has no extension citus.*create extension citus/s,
      );
    } else {
      expect(await distribute(database.url)).toEqual({ workers: citusNodes.length - 1, tables: [] });
    }
    expect(await keys()).toEqual(before);
  } finally {
    await database.drop();
  }
});
