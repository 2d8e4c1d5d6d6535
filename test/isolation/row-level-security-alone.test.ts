/** The third wall alone: no path is checked, and the lane handle gives all rows. */
import { startTestService, type TestService } from '../support/service';
import { tryIsolation } from './suite';

jest.mock('../../src/platform/contract/http/admission', () =>
  require('./open-path').openPath(jest.requireActual('../../src/platform/contract/http/admission')),
);
jest.mock('../../src/platform/database/bound', () => ({
  limitToLane: (query: unknown) => query,
  enforceLaneLimits: () => undefined,
}));

let service: TestService;
tryIsolation({
  pathIsChecked: false,
  async start() {
    service = await startTestService({ RATE_LIMIT: 'off' }, { strays: true });
    return service;
  },
});

test('the lane handle binds no query', () => {
  const faults = service.strays().flatMap((stray) => stray.faults);
  for (const table of ['tasks', 'projects', 'tags', 'webhooks', 'profiles', 'changes', 'completions']) {
    expect(faults).toContain(`${table} is not bound to the lane`);
  }
});
