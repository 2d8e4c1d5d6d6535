/**
 * `node scripts/run.js <module> [arguments]`: brings dist up to date and runs a module of it as the main module, in
 * this process. The module is named by its source without `.ts`, such as `scripts/generate`.
 */
const Module = require('node:module');
const { join } = require('node:path');
const { build } = require('./build.js');

const [, , name, ...rest] = process.argv;
if (name === undefined) {
  process.stderr.write('Usage: node scripts/run.js <module> [arguments]\n');
  process.exit(2);
}

build().then(
  () => {
    process.argv = [process.argv[0], join(__dirname, '..', 'dist', `${name}.js`), ...rest];
    Module.runMain();
  },
  (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
