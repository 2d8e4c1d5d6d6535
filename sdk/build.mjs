/** Builds dist/: the package as ES modules and as CommonJS, each with its types. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const formats = [
  { directory: 'dist/esm', type: 'module', options: ['--module', 'es2022'] },
  // The same source, which is checked by then.
  { directory: 'dist/cjs', type: 'commonjs', options: ['--module', 'commonjs', '--noCheck'] },
];

process.chdir(import.meta.dirname);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
rmSync('dist', { recursive: true, force: true });
for (const { directory, type, options } of formats) {
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', directory, ...options], {
    stdio: 'inherit',
  });
  // The compiler does not copy declarations that it did not make.
  copyFileSync('src/openapi.d.ts', `${directory}/openapi.d.ts`);
  writeFileSync(`${directory}/package.json`, `${JSON.stringify({ type })}\n`);
}
