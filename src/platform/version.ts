import { readFileSync } from 'node:fs';
import { projectPath } from './paths';

/** The version of Tasklane. */
export const version: string = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')).version;
