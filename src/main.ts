/** The program of the service. It prepares Node, and loads the service only after that. */
import { enableCompileCache } from 'node:module';
import { limitHeap } from './platform/heap';
import { projectPath } from './platform/paths';
import { takeWorkerSetup } from './platform/workers/messages';

limitHeap();
// The compiled code of the modules. Not in the system's directory for temporary files, where other users could put code.
enableCompileCache(projectPath('node_modules', '.cache', 'tasklane'));
const setup = takeWorkerSetup();
if (setup) (require('./worker') as typeof import('./worker')).runWorker(setup);
else require('./serve');
