/** All three walls are active, as in production. */
import { startTestService } from '../support/service';
import { tryIsolation } from './suite';

tryIsolation({ start: () => startTestService({ RATE_LIMIT: 'off' }), pathIsChecked: true });
