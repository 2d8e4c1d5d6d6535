/** The program of the service. It prepares Node, and loads the service only after that. */
import { limitYoungGeneration } from './platform/young-generation';

limitYoungGeneration();
require('./serve');
