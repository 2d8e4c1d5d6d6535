import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'openapi.yaml'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('No directory above this file contains openapi.yaml.');
  return findRoot(parent);
}

/** The project's root: the same whether this file runs from `src` or compiled from `dist/src`. */
export const projectRoot = findRoot(__dirname);

/** The absolute path of a file given relative to the project's root. */
export function projectPath(...segments: string[]): string {
  return join(projectRoot, ...segments);
}
