const base = require('./jest.config.js');

// What does not run on a cluster, and why.
const files = {
  'platform/database/(job-)?plans': 'reads the plans of one server',
  'features/(stats|webhooks)/plans': 'reads the plans of one server',
  'platform/database/(embedded|replica|tls)': 'has a Postgres of its own',
  'isolation/row-level-security-alone': 'its statements name no lane, so they have no shard of their own',
  'platform/jobs/idle': 'has a Postgres of its own',
  'platform/wake-ups': 'has a Postgres of its own',
  domain: 'has no database',
  docs: 'has no database',
};
const names = {
  'the database rejects what the contract rejects no lane_id': 'Citus refuses it with another code',
  'a migration while another one runs logs repeatedly': 'Citus holds advisory locks too',
  'a folder with one more migration':
    'its migrations create a table with foreign keys, or wait for the lock of one server',
  'the link is removed with the tables': 'the tables that it creates again are not distributed',
  'through PgBouncer 1.18': 'PgBouncer 1.18 gets no connection to the servers of the cluster',
  'a pool of one connection is replaced when its backend ends':
    'the backend that waits for a lock is on a worker, where it is not a session of the service',
  'a silent connection is closed': 'its limit for a statement is 100 ms',
  'a service whose database is too slow': 'Citus refuses triggers',
  '(a wrong password is logged as|src/commands/.+ prints) the cause': 'the cluster asks for no password',
  'the events of a thousand changes of one write are sent':
    'a thousand deliveries take longer than the limit of a test',
};

/** @type {import('jest').Config} All tests, with a Citus cluster as their database: see scripts/citus/run. */
module.exports = {
  ...base,
  testPathIgnorePatterns: [
    ...base.testPathIgnorePatterns,
    ...Object.keys(files).map((file) => `<rootDir>/test/${file}`),
  ],
  testNamePattern: `^(?!${Object.keys(names).join('|')})`,
};
