/** The program of the service. It prepares Node, and loads the service only after that. */
import { enableCompileCache } from 'node:module';
import { limitHeap } from './platform/heap';
import { projectPath } from './platform/paths';

limitHeap();
// The compiled code of the modules. Not in the system's directory for temporary files, where other users could put code.
enableCompileCache(projectPath('node_modules', '.cache', 'tasklane'));
require('./serve');
