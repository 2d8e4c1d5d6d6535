/** @type {import('jest').Config} Faults beneath the service: `npm run test:faults`. */
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/test/faults/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // One file at a time: each starts several servers, and measures how long requests wait.
  maxWorkers: 1,
};
