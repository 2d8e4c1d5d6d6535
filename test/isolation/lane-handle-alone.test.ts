/** The second wall alone: paths are not checked, and row-level security does not apply to the app role. */
import { query } from '../support/database';
import { bypassingRole, grantBypassingRole } from '../support/roles';
import { startTestService, type TestService } from '../support/service';
import { tryIsolation } from './suite';

jest.mock('../../src/platform/contract/http/admission', () =>
  require('./open-path').openPath(jest.requireActual('../../src/platform/contract/http/admission')),
);

let service: TestService;
tryIsolation({
  pathIsChecked: false,
  async start() {
    service = await startTestService(
      { RATE_LIMIT: 'off', DATABASE_APP_ROLE: bypassingRole },
      { prepare: ({ url }) => grantBypassingRole(url) },
    );
    return service;
  },
});

test('the app role bypasses row-level security', async () => {
  const [found] = await query<{ users: number }>(
    service.database.url,
    `with scope as (select set_config('role', $1, true), set_config('app.lane_id', '0', true))
     select count(distinct lane_id)::int as users from scope, tasklane.tasks`,
    [bypassingRole],
  );
  expect(found?.users).toBeGreaterThan(1);
});
