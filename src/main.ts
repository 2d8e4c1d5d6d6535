/** The program of the service. It prepares Node, and loads the service only after that. */
import { enableCompileCache } from 'node:module';
import { projectPath } from './platform/paths';
import { limitYoungGeneration } from './platform/young-generation';

limitYoungGeneration();
// The compiled code of the modules. Not in the system's directory for temporary files, where other users could put code.
enableCompileCache(projectPath('node_modules', '.cache', 'tasklane'));
require('./serve');
