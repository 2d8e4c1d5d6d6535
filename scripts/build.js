/**
 * Compiles the TypeScript sources into dist, with SWC; `npm run types` checks the types. Only files whose content
 * changed since the last build are compiled, so a build that is up to date takes a few milliseconds. This file is
 * JavaScript, because it runs before there is a build.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { basename, dirname, join, relative } = require('node:path');

const root = join(__dirname, '..');
const sources = ['knexfile.ts', 'src', 'migrations', 'scripts'];
// A file in dist. It records from which sources the outputs were built.
const stampName = '.build.json';

// Modules that a service needs late or never, as imports name them. Each import of them is evaluated at its first use.
const lazyModules = [
  '@modelcontextprotocol/server',
  '@redis/client',
  'csv-parse',
  'csv-stringify/sync',
  'ical.js',
  'temporal-polyfill',
  '../../domain/words',
];

/**
 * @typedef {object} Stamp What dist was built from.
 * @property {string} compiler the compiler and its options
 * @property {Record<string, string>} files the hash of each source by its path from the project's root
 */

/** @param {string | Buffer} content */
const hash = (content) => createHash('sha256').update(content).digest('base64url');

/** The files in a directory and below, as paths from `base`. @returns {string[]} */
function filesBelow(/** @type {string} */ base, directory = '') {
  let entries;
  try {
    entries = readdirSync(join(base, directory), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(base, path) : [path];
  });
}

/** The sources as they are now. @returns {Stamp} */
function readSources(/** @type {string} */ project) {
  const { dependencies } = JSON.parse(readFileSync(join(project, 'scripts/compiler/package.json'), 'utf8'));
  const paths = sources.flatMap((each) =>
    each.endsWith('.ts') ? [each] : filesBelow(project, each).filter((path) => /(?<!\.d)\.ts$/.test(path)),
  );
  return {
    // The package.json and not the package says which version it is: after a build, the package can be removed.
    compiler: hash(readFileSync(__filename)) + dependencies['@swc/core'],
    files: Object.fromEntries(paths.map((path) => [path, hash(readFileSync(join(project, path)))])),
  };
}

/** @returns {Stamp} */
function readStamp(/** @type {string} */ dist) {
  try {
    return JSON.parse(readFileSync(join(dist, stampName), 'utf8'));
  } catch {
    // Never built, or a build was interrupted.
    return { compiler: '', files: {} };
  }
}

const outputOf = (/** @type {string} */ source) => source.replace(/\.ts$/, '.js');

/** Replaces a file at once, so that a process that starts meanwhile never reads half of it. */
function replaceFile(/** @type {string} */ path, /** @type {string} */ content) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, content);
  renameSync(own, path);
}

/** Compiles the sources with these paths. */
async function compile(/** @type {string} */ project, /** @type {string[]} */ paths) {
  /** @type {import('@swc/core')} */
  let swc;
  try {
    swc = require('@swc/core');
  } catch (error) {
    throw new Error(
      `dist is not up to date, and the compiler cannot be loaded: ${error.message}\n` +
        'Install the workspace tasklane-compiler with "npm ci" or "npm ci --omit=dev", or build before it is removed.',
    );
  }
  await Promise.all(
    paths.map(async (path) => {
      const output = join(project, 'dist', outputOf(path));
      const { code, map } = await swc.transform(readFileSync(join(project, path), 'utf8'), {
        filename: join(project, path),
        sourceFileName: relative(dirname(output), join(project, path)),
        configFile: false,
        swcrc: false,
        sourceMaps: true,
        inlineSourcesContent: false,
        jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs', lazy: lazyModules },
      });
      mkdirSync(dirname(output), { recursive: true });
      replaceFile(`${output}.map`, /** @type {string} */ (map));
      replaceFile(output, `${code}//# sourceMappingURL=${basename(output)}.map\n`);
    }),
  );
}

/**
 * Brings dist up to date: compiles new and changed files, and removes files without a source.
 * @param project the project's root
 * @returns the paths of the sources that were compiled
 * @throws Error with the compiler's message if a source has a syntax error
 */
async function build(project = root) {
  const dist = join(project, 'dist');
  const now = readSources(project);
  const before = readStamp(dist);
  // Another build may run: its temporary files are not surplus.
  const present = new Set(filesBelow(dist).filter((path) => !/\.\d+$/.test(path)));
  const expected = new Set([stampName]);
  const stale = [];
  for (const [path, content] of Object.entries(now.files)) {
    const outputs = [outputOf(path), `${outputOf(path)}.map`];
    const isBuilt = before.compiler === now.compiler && before.files[path] === content;
    if (!isBuilt || !outputs.every((each) => present.has(each))) stale.push(path);
    for (const each of outputs) expected.add(each);
  }
  const surplus = [...present].filter((path) => !expected.has(path));
  const isComplete = Object.keys(before.files).every((path) => path in now.files);
  if (stale.length === 0 && surplus.length === 0 && isComplete) return stale;

  // An interrupted build leaves no stamp, and the next one compiles everything.
  rmSync(join(dist, stampName), { force: true });
  for (const path of surplus) rmSync(join(dist, path), { force: true });
  await compile(project, stale);
  mkdirSync(dist, { recursive: true });
  replaceFile(join(dist, stampName), JSON.stringify(now));
  return stale;
}

module.exports = { build };

if (require.main === module) {
  build().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
