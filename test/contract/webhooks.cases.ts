import type { ApiResponse } from '../support/api';
import type { CaseContext, CasesOf } from './cases';

const absentId = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';
const url = 'https://hooks.example.com/tasklane';
const secretForm = /^whsec_[A-Za-z0-9+/]{43}=$/;

async function makeWebhook(
  { send, lane }: CaseContext,
  body: object = {},
): Promise<{ webhook: ApiResponse['body']; path: string }> {
  const { status, body: webhook } = await send('POST', `${lane}/webhooks`, { body: { url, ...body } });
  expect(status).toBe(201);
  return { webhook, path: `${lane}/webhooks/${webhook.id}` };
}

async function makeDelivery(context: CaseContext): Promise<{ path: string; delivery: ApiResponse['body'] }> {
  const { path } = await makeWebhook(context);
  const { status, body: delivery } = await context.send('POST', `${path}/test`);
  expect(status).toBe(202);
  return { path: `${path}/deliveries/${delivery.id}`, delivery };
}

const since = '2020-01-01T00:00:00Z';

export const webhookCases: CasesOf<
  | 'listWebhooks'
  | 'createWebhook'
  | 'getWebhook'
  | 'updateWebhook'
  | 'deleteWebhook'
  | 'rotateWebhookSecret'
  | 'testWebhook'
  | 'replayWebhook'
  | 'listWebhookDeliveries'
  | 'getWebhookDelivery'
  | 'redeliverWebhook'
> = {
  listWebhooks: {
    200: async (context) => {
      const { webhook } = await makeWebhook(context);
      const { webhook: second } = await makeWebhook(context);
      const response = await context.send('GET', `${context.lane}/webhooks`);
      const withoutSecret = [webhook, second].map(({ secret: _secret, ...rest }) => rest);
      expect(response.body).toEqual({ items: withoutSecret });
      return response;
    },
  },
  createWebhook: {
    201: async ({ send, lane, userId }) => {
      const response = await send('POST', `${lane}/webhooks`, {
        body: { url: 'HTTPS://Hooks.Example.com:443/a/../tasklane?key=1', events: ['task.*'] },
      });
      expect(response.body).toMatchObject({
        user_id: userId,
        url: `${url}?key=1`,
        description: null,
        events: ['task.*'],
        enabled: true,
        disabled_reason: null,
        disabled_at: null,
        verified_at: null,
        secret_rotated_at: null,
        version: 1,
      });
      expect(response.body.secret).toMatch(secretForm);
      expect(response.headers.location).toBe(`${lane}/webhooks/${response.body.id}`);
      return response;
    },
  },
  getWebhook: {
    200: async (context) => {
      const { webhook, path } = await makeWebhook(context);
      const response = await context.send('GET', path);
      const { secret: _secret, ...rest } = webhook;
      expect(response.body).toEqual(rest);
      return response;
    },
    404: ({ send, lane }) => send('GET', `${lane}/webhooks/${absentId}`),
  },
  updateWebhook: {
    200: async (context) => {
      const { webhook, path } = await makeWebhook(context, { description: 'Cleared by null' });
      const response = await context.send('PATCH', path, {
        headers: { 'Content-Type': 'application/merge-patch+json' },
        body: { description: null, enabled: false },
      });
      const { secret: _secret, ...rest } = webhook;
      const { updated_at, disabled_at } = response.body;
      expect(response.body).toEqual({
        ...rest,
        ...{
          description: null,
          enabled: false,
          disabled_reason: 'user',
          disabled_at,
          version: 2,
          updated_at,
        },
      });
      expect(disabled_at).toBe(updated_at);
      return response;
    },
    404: ({ send, lane }) => send('PATCH', `${lane}/webhooks/${absentId}`, { body: {} }),
  },
  deleteWebhook: {
    204: async (context) => {
      const { path } = await makeWebhook(context);
      const response = await context.send('DELETE', path);
      expect((await context.send('GET', path)).status).toBe(404);
      return response;
    },
    404: ({ send, lane }) => send('DELETE', `${lane}/webhooks/${absentId}`),
  },
  rotateWebhookSecret: {
    200: async (context) => {
      const { webhook, path } = await makeWebhook(context);
      const response = await context.send('POST', `${path}/rotate-secret`);
      const { secret, secret_rotated_at, updated_at } = response.body;
      expect(response.body).toEqual({ ...webhook, secret, secret_rotated_at, updated_at, version: 2 });
      expect(secret).toMatch(secretForm);
      expect(secret).not.toBe(webhook.secret);
      return response;
    },
    404: ({ send, lane }) => send('POST', `${lane}/webhooks/${absentId}/rotate-secret`),
  },
  testWebhook: {
    202: async (context) => {
      const { webhook, path } = await makeWebhook(context, { events: ['task.created'] });
      const response = await context.send('POST', `${path}/test`);
      const { id, created_at } = response.body;
      expect(response.body).toEqual({
        id,
        webhook_id: webhook.id,
        event: 'webhook.test',
        seq: null,
        entity_id: null,
        state: 'pending',
        attempt_count: 0,
        attempts: [],
        next_attempt_at: created_at,
        created_at,
      });
      expect(response.headers.location).toBe(`${path}/deliveries/${id}`);
      return response;
    },
    404: ({ send, lane }) => send('POST', `${lane}/webhooks/${absentId}/test`),
    409: async (context) => {
      const { path } = await makeWebhook(context, { enabled: false });
      return context.send('POST', `${path}/test`);
    },
  },
  replayWebhook: {
    202: async (context) => {
      await context.send('POST', `${context.lane}/tasks`, { body: { title: 'Before the webhook' } });
      const { path } = await makeWebhook(context);
      const response = await context.send('POST', `${path}/replay`, { body: { since } });
      expect(response.body).toEqual({ queued: 1 });
      return response;
    },
    404: ({ send, lane }) => send('POST', `${lane}/webhooks/${absentId}/replay`, { body: { since } }),
    409: async (context) => {
      const { path } = await makeWebhook(context, { enabled: false });
      return context.send('POST', `${path}/replay`, { body: { since } });
    },
  },
  listWebhookDeliveries: {
    200: async (context) => {
      const { path } = await makeWebhook(context);
      const { body: delivery } = await context.send('POST', `${path}/test`);
      const response = await context.send('GET', `${path}/deliveries`);
      // Creating it already sent a test.
      const [latest, first] = response.body.items;
      expect(latest).toEqual(delivery);
      expect(first).toMatchObject({ event: 'webhook.test', state: 'pending' });
      expect(response.body).toEqual({ items: [latest, first], next_cursor: null });
      return response;
    },
    404: ({ send, lane }) => send('GET', `${lane}/webhooks/${absentId}/deliveries`),
  },
  getWebhookDelivery: {
    200: async (context) => {
      const { path, delivery } = await makeDelivery(context);
      const response = await context.send('GET', path);
      expect(response.body).toEqual(delivery);
      return response;
    },
    404: async (context) => {
      const { path } = await makeWebhook(context);
      const { body } = await context.send(
        'GET',
        `${context.lane}/webhooks/${absentId}/deliveries/${absentId}`,
      );
      expect(body.code).toBe('webhook-not-found');
      const response = await context.send('GET', `${path}/deliveries/${absentId}`);
      expect(response.body.code).toBe('delivery-not-found');
      return response;
    },
  },
  redeliverWebhook: {
    202: async (context) => {
      const { path, delivery } = await makeDelivery(context);
      const response = await context.send('POST', `${path}/redeliver`);
      expect(response.body).toEqual({ ...delivery, next_attempt_at: response.body.next_attempt_at });
      return response;
    },
    404: async (context) => {
      const { path } = await makeWebhook(context);
      return context.send('POST', `${path}/deliveries/${absentId}/redeliver`);
    },
    409: async (context) => {
      const { path, delivery } = await makeDelivery(context);
      const webhook = `${context.lane}/webhooks/${delivery.webhook_id}`;
      await context.send('PATCH', webhook, { body: { enabled: false } });
      return context.send('POST', `${path}/redeliver`);
    },
  },
};
