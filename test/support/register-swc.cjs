// For `node --require`: compiles TypeScript files in a test's child process like Jest. The code is kept for the next process.
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const directory = join(__dirname, '..', '..', 'node_modules', '.cache', 'tasklane-tests');
const options = {
  configFile: false,
  swcrc: false,
  sourceMaps: 'inline',
  jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
};
const version = JSON.stringify([require('@swc/core/package.json').version, options]);

function compile(filename) {
  const source = readFileSync(filename, 'utf8');
  const name = createHash('sha256')
    .update(JSON.stringify([version, filename, source]))
    .digest('hex');
  const kept = join(directory, `${name}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    // Loading the compiler takes longer than compiling a file.
    const { code } = require('@swc/core').transformSync(source, { ...options, filename });
    mkdirSync(directory, { recursive: true });
    // Other processes may compile the same file.
    writeFileSync(`${kept}.${process.pid}`, code);
    renameSync(`${kept}.${process.pid}`, kept);
    return code;
  }
}

require.extensions['.ts'] = (module, filename) => {
  module._compile(compile(filename), filename);
};
