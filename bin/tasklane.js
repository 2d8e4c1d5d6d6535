#!/usr/bin/env node
/** The program `tasklane`. In a checkout it brings dist up to date first; the published package has only dist. */

const { existsSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');

const root = join(__dirname, '..');

function run() {
  process.argv[1] = join(root, 'dist', 'src', 'commands', 'main.js');
  Module.runMain();
}

// This file runs on old releases of Node too, so that they get this message and not a stack trace.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24 || major === 25) {
  process.stderr.write(`Tasklane needs Node 24, 26 or later. This is Node ${process.versions.node}.\n`);
  process.exitCode = 1;
} else if (existsSync(join(root, 'src'))) {
  require('../scripts/build.js')
    .build()
    .then(run, (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    });
} else {
  run();
}
