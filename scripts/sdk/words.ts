/** Copies the parser of quick tasks into the SDK, which is published without the sources of the service. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { projectPath } from '../../src/platform/paths';

const parser = 'src/domain/words';

/** The directory of the copies. */
export const copies = 'sdk/src/words/parser';

/** The copies by their paths: the parser and what it imports, in one directory, as ES modules. */
export function sdkWords(): Record<string, string> {
  const files: Record<string, string> = {};
  const copy = (source: string): void => {
    const target = `${copies}/${path.posix.basename(source)}`;
    if (files[target] !== undefined) return;
    const text = readFileSync(projectPath(source), 'utf8');
    // Imports of packages stay as they are.
    files[target] = text.replace(/ from '(\.[^']+)';/g, (_match, name: string) => {
      copy(`${path.posix.join(path.posix.dirname(source), name)}.ts`);
      return ` from './${path.posix.basename(name)}.js';`;
    });
    files[target] =
      `/** This file was generated from ${source} by npm run generate. Do not change it. */\n${files[target]}`;
  };
  for (const name of readdirSync(projectPath(parser))) copy(`${parser}/${name}`);
  return files;
}
