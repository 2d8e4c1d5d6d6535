import setUpPostgres from './global-setup';
import { openPooler, poolerVersion } from './pooler';

// The connections to Postgres of each pair of a database and a role.
const poolSize = 20;

/** Starts one Postgres for all tests like `global-setup.ts`, and the PgBouncer that all services connect through. */
export default async function setUp(): Promise<void> {
  const version = poolerVersion();
  if (!version)
    throw new Error('PgBouncer is not installed: apt-get install pgbouncer, or set TEST_PGBOUNCER.');
  await setUpPostgres();
  const pooler = await openPooler(process.env.TEST_CLUSTER_URL as string, poolSize);
  process.env.TEST_POOLER_URL = pooler.url;
  Object.assign(globalThis, { testPooler: pooler });
  process.stderr.write(`The services of the tests connect through PgBouncer ${version.join('.')}.\n`);
}
