import { randomUUID } from 'node:crypto';
import { seedClient } from '../support/clients';
import type { CasesOf } from './cases';

export const clientCases: CasesOf<'listClients' | 'cutOffClient' | 'readmitClient'> = {
  listClients: {
    200: async ({ send, lane, databaseUrl, userId }) => {
      const first = await seedClient(databaseUrl, userId, { clientId: 'one', usedHoursAgo: 2 });
      const last = await seedClient(databaseUrl, userId, { clientId: 'two', usedHoursAgo: 1 });
      const response = await send('GET', `${lane}/clients?limit=1`);
      expect(response.body.items).toEqual([
        {
          id: last,
          client_id: 'two',
          name: 'A client',
          scopes: ['tasklane:write'],
          first_used_at: expect.any(String),
          last_used_at: expect.any(String),
          cut_off_at: null,
        },
      ]);
      const { body } = await send('GET', `${lane}/clients?limit=1&cursor=${response.body.next_cursor}`);
      expect(body.items).toMatchObject([{ id: first }]);
      expect(body.next_cursor).toBeNull();
      return response;
    },
  },
  cutOffClient: {
    200: async ({ send, lane, databaseUrl, userId }) => {
      const id = await seedClient(databaseUrl, userId);
      const response = await send('PUT', `${lane}/clients/${id}/cut-off`);
      expect(response.body.cut_off_at).toEqual(expect.any(String));
      expect((await send('PUT', `${lane}/clients/${id}/cut-off`)).body).toEqual(response.body);
      expect((await send('GET', `${lane}/clients`)).body.items).toEqual([response.body]);
      return response;
    },
    404: ({ send, lane }) => send('PUT', `${lane}/clients/${randomUUID()}/cut-off`),
  },
  readmitClient: {
    200: async ({ send, lane, databaseUrl, userId }) => {
      const id = await seedClient(databaseUrl, userId);
      await send('PUT', `${lane}/clients/${id}/cut-off`);
      const response = await send('DELETE', `${lane}/clients/${id}/cut-off`);
      expect(response.body).toMatchObject({ id, cut_off_at: null });
      expect((await send('DELETE', `${lane}/clients/${id}/cut-off`)).body).toEqual(response.body);
      return response;
    },
    404: ({ send, lane }) => send('DELETE', `${lane}/clients/${randomUUID()}/cut-off`),
  },
};
