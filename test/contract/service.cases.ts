import pino from 'pino';
import { contractDocument } from '../../src/platform/contract/document/contract';
import { migrateDown, migrateUp } from '../../src/platform/database/migrations';
import { startService } from '../../src/start';
import { send } from '../support/api';
import { testConfig } from '../support/service';
import { until } from '../support/until';
import type { CasesOf } from './cases';

const silent = pino({ level: 'silent' });

export const serviceCases: CasesOf<
  | 'getLiveness'
  | 'getReadiness'
  | 'getStartup'
  | 'getProtectedResource'
  | 'getMcpProtectedResource'
  | 'getContractJson'
  | 'getClientContract'
  | 'getContractYaml'
  | 'getDocs'
  | 'getDocsScript'
  | 'getProblemType'
> = {
  getLiveness: { 200: ({ send }) => send('GET', '/livez') },
  getReadiness: {
    200: async ({ send }) => {
      const response = await send('GET', '/readyz');
      expect(response.body).toEqual({ status: 'ready', warnings: [] });
      return response;
    },
    503: async ({ send, databaseUrl }) => {
      const [reverted] = await migrateDown(databaseUrl);
      try {
        // If requests just succeeded, the database is asked a second later.
        const response = await until(async () => {
          const answer = await send('GET', '/readyz');
          return answer.status === 503 && answer;
        });
        expect(response.body.reasons).toEqual([
          { reason: 'migrations', detail: expect.stringContaining(String(reverted)) },
        ]);
        return response;
      } finally {
        await migrateUp(databaseUrl);
      }
    },
  },
  getStartup: {
    200: ({ send }) => send('GET', '/startupz'),
    503: async () => {
      const service = await startService(
        testConfig({ DATABASE_URL: 'postgres://localhost:1/nowhere' }),
        silent,
      );
      try {
        const response = await send(service.url, 'GET', '/startupz');
        expect(response.body.reasons).toEqual([{ reason: 'starting', detail: expect.any(String) }]);
        return response;
      } finally {
        await service.stop();
      }
    },
  },
  getProtectedResource: {
    200: async ({ send }) => {
      const response = await send('GET', '/.well-known/oauth-protected-resource');
      expect(response.body).toMatchObject({
        resource: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        authorization_servers: [],
      });
      return response;
    },
  },
  getMcpProtectedResource: {
    200: async ({ send }) => {
      const response = await send('GET', '/.well-known/oauth-protected-resource/mcp');
      expect(response.body).toMatchObject({
        resource: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/),
        authorization_servers: [],
        scopes_supported: ['tasklane:read', 'tasklane:write'],
      });
      return response;
    },
  },
  getContractJson: {
    200: async ({ send }) => {
      const response = await send('GET', '/openapi.json');
      expect(response.body).toEqual(contractDocument);
      return response;
    },
  },
  getClientContract: {
    200: async ({ send }) => {
      const response = await send('GET', '/openapi-client.json');
      expect(response.body).not.toHaveProperty('webhooks');
      expect(response.body.paths).toEqual(contractDocument.paths);
      expect(response.body.components).toEqual(contractDocument.components);
      return response;
    },
  },
  getContractYaml: {
    200: async ({ send }) => {
      const response = await send('GET', '/openapi.yaml');
      expect(response.body).toMatch(/^openapi: 3\.1\.0\n/);
      return response;
    },
  },
  getDocs: {
    200: async ({ send }) => {
      const response = await send('GET', '/docs');
      expect(response.body).toContain('/docs/redoc.js');
      return response;
    },
  },
  getDocsScript: { 200: ({ send }) => send('GET', '/docs/redoc.js') },
  getProblemType: {
    200: async ({ send }) => {
      const response = await send('GET', '/problems/task-not-found');
      expect(response.body).toContain('Task not found');
      return response;
    },
    404: ({ send }) => send('GET', '/problems/no-such-problem'),
  },
};
