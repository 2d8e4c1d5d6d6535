import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('No directory above this file contains package.json.');
  return findRoot(parent);
}

/** The root of the project or of the installed package: the same whether this file runs from `src` or from `dist/src`. */
export const projectRoot = findRoot(__dirname);

/** The absolute path of a file given relative to the project's root. */
export function projectPath(...segments: string[]): string {
  return join(projectRoot, ...segments);
}
