/** The third wall alone: paths are not checked, and the lane handle does not filter rows. */
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
    service = await startTestService({ RATE_LIMIT: 'off' }, { allowCrossTenant: true });
    return service;
  },
});

test('the lane handle does not bind queries', () => {
  const reasons = service.crossTenantStatements().flatMap((statement) => statement.reasons);
  for (const table of ['tasks', 'projects', 'tags', 'webhooks', 'profiles', 'changes', 'completions']) {
    expect(reasons).toContain(`${table} is not bound to the lane`);
  }
});
