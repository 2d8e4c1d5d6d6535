/** The program of the service. It prepares Node, and loads the service only after that. */
import { enableCompileCache } from 'node:module';
import { projectPath } from './platform/paths';
import { limitYoungGeneration } from './platform/young-generation';

limitYoungGeneration();
// Not in the directory for temporary files, where other users could write code into it.
enableCompileCache(projectPath('dist', '.compile-cache'));
require('./serve');
