import { randomUUID } from 'node:crypto';
import { contractDocument } from '../../src/platform/contract/document/contract';
import { readProblems } from '../../src/platform/docs/problems';
import { send } from '../support/api';
import { tokenOf, useTestService } from '../support/service';
import type { Case } from './cases';
import { cases } from './table';

const service = useTestService();

/** The members that the documentation shows of a problem. */
const shown = new Map<unknown, string[]>(
  readProblems(contractDocument).map(({ code, example }) => [code, Object.keys(example).sort()]),
);

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
    // The example on the page of a problem is such an answer.
    if (response.status >= 400) {
      expect(Object.keys(response.body).sort()).toEqual(shown.get(response.body.code));
    }
  });
});
