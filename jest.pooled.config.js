const base = require('./jest.config.js');

// What is not tested through the pooler, and why.
const files = {
  'platform/database/pooler': 'has a pooler of its own',
  'platform/database/embedded.*': 'has a Postgres of its own',
  'platform/database/replica': 'has a Postgres of its own',
  faults: 'has a Postgres of its own',
};
const names = {
  'prepared queries are (prepared once|limited)': "counts the prepared statements of the service's session",
  'tasklane doctor reports an instance that can open more':
    'a pooler, not the database, limits the connections',
  'a database that becomes read-only': 'a pooler keeps read-only sessions until `RECONNECT`',
  'the service waits for its database, migrating: true': 'migrations refuse a pooler',
  'TLS without support by the server': 'a Unix socket, through which tests reach the pooler, has no TLS',
  'connections are (replaced|not reused)': 'a pooler keeps sessions that the service closes',
};

/** @type {import('jest').Config} All tests, with a PgBouncer in transaction mode between the services and Postgres. */
module.exports = {
  ...base,
  globalSetup: '<rootDir>/test/support/pooled-setup.ts',
  globalTeardown: '<rootDir>/test/support/pooled-teardown.ts',
  testPathIgnorePatterns: ['/node_modules/', ...Object.keys(files).map((file) => `<rootDir>/test/${file}`)],
  testNamePattern: `^(?!${Object.keys(names).join('|')})`,
};
