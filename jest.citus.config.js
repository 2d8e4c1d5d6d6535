const base = require('./jest.config.js');

// What does not run on a cluster, and why.
const files = {
  'platform/database/plans': 'reads the plans of one server',
  'platform/database/job-plans': 'reads the plans of one server',
  'platform/database/(embedded|replica|failover|pooler)': 'has a Postgres of its own',
  'platform/wake-ups': 'has a Postgres of its own',
  domain: 'has no database',
  docs: 'has no database',
};
const names = {};

/** @type {import('jest').Config} All tests, with a Citus cluster as their database: see scripts/citus/run. */
module.exports = {
  ...base,
  testPathIgnorePatterns: [
    ...base.testPathIgnorePatterns,
    ...Object.keys(files).map((file) => `<rootDir>/test/${file}`),
  ],
  testNamePattern: `^(?!${Object.keys(names).join('|')})`,
};
