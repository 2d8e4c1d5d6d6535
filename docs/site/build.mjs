/**
 * `npm run docs:build`: installs the packages of the site if they are not there, and builds the site into
 * `docs/site/dist`, which the service serves at `/docs`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const site = import.meta.dirname;
process.chdir(site);
process.env.TASKLANE_ROOT = join(site, '..', '..');
process.env.ASTRO_TELEMETRY_DISABLED = '1';

/** Installs the packages that the lockfile names, unless they are there. */
function install() {
  const installed = join(site, 'node_modules', '.installed.json');
  const wanted = readFileSync(join(site, 'package-lock.json'), 'utf8');
  try {
    if (readFileSync(installed, 'utf8') === wanted) return;
  } catch {
    // Nothing is installed.
  }
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: site,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  writeFileSync(installed, wanted);
}

install();
await import('./src/main.mjs');
