import { randomUUID } from 'node:crypto';
import { send } from '../support/api';
import { tokenOf, useTestService } from '../support/service';
import type { Case } from './cases';
import { cases } from './table';

const service = useTestService();

describe.each(Object.entries<Record<string, Case>>(cases))('%s', (_operation, statuses) => {
  test.each(Object.entries(statuses))('answers with %s', async (status, run) => {
    const userId = randomUUID();
    const token = await tokenOf(userId);
    const response = await run({
      userId,
      lane: `/api/${userId}`,
      databaseUrl: service.database.url,
      send: (method, path, options) => send(service.url, method, path, { token, ...options }),
    });
    expect(response.status).toBe(Number(status));
  });
});
