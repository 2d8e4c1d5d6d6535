/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  // Long enough for a busy machine. Tests wait for conditions and not for a time, so this does not slow them down.
  testTimeout: 60_000,
  maxWorkers: '100%',
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/sdk/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/faults/'],
  // The SDK's source names its modules as they are called after the build.
  moduleNameMapper: { '^(\\.{1,2}/[\\w/-]+)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/sdk/dist/'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  transform: {
    '\\.[cm]?[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // Packages that ship ES modules only; Jest runs CommonJS.
  transformIgnorePatterns: [
    '/node_modules/(?!(?:.*/node_modules/)?(?:jose|uuid|parse-json|index-to-position|change-case|supports-color|rrule-temporal|temporal-polyfill|temporal-utils|temporal-spec|ical.js|fast-check|pure-rand|fractional-indexing)/)',
  ],
};
