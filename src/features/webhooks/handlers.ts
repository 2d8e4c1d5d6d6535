import { v7 as uuidv7 } from 'uuid';
import type { ValidationError } from '../../platform/contract/document/operations';
import { inBody } from '../../platform/contract/document/validation-errors';
import type { Handlers } from '../../platform/contract/http/call';
import { startOf, toPage, wrongCursor } from '../../platform/contract/pagination/page';
import { splitReadOnly } from '../../platform/contract/read-only';
import type { UserScope, WritableLane } from '../../platform/database/lane';
import type { WebhookDeliveryRow, WebhookRow } from '../../platform/database/rows';
import {
  deliveryOrder,
  findDelivery,
  listDeliveries,
  maxReplayed,
  queueTest,
  replay,
  requeue,
} from './deliveries';
import type { EgressPolicy } from './egress-policy';
import {
  deleteWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  rotateSecret,
  updateWebhook,
} from './endpoints';
import { toDelivery, toWebhook, toWebhookWithSecret } from './mapper';
import { newSecret } from './signature';

function addressOf(userId: string, row: WebhookRow | WebhookDeliveryRow): string {
  const lane = `/api/${encodeURIComponent(userId)}/webhooks`;
  return 'webhook_id' in row ? `${lane}/${row.webhook_id}/deliveries/${row.id}` : `${lane}/${row.id}`;
}

const readOnly = [
  'id',
  'user_id',
  'disabled_reason',
  'disabled_at',
  'verified_at',
  'secret_rotated_at',
  'version',
  'created_at',
  'updated_at',
] as const;

/** Why a delivery cannot be queued. */
type Refusal = 'webhook-not-found' | 'delivery-not-found' | 'webhook-disabled';

/** Runs `work` in a write if the webhook exists and is enabled. */
function withEnabled<T>(
  lane: UserScope,
  id: string,
  work: (writable: WritableLane, webhook: WebhookRow) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return lane.write(async (writable) => {
    const webhook = await findWebhook(writable, id);
    if (!webhook) return 'webhook-not-found';
    return webhook.disabled_at === null ? work(writable, webhook) : 'webhook-disabled';
  });
}

type WebhookHandlers = Pick<
  Handlers,
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
>;

/** The handlers of webhooks. The egress policy decides which URLs are allowed. */
export function webhookHandlers(egress: Pick<EgressPolicy, 'refusalOf'>): WebhookHandlers {
  function urlErrors(url: string | undefined): ValidationError[] {
    const detail = url === undefined ? null : egress.refusalOf(url);
    return detail === null ? [] : [{ pointer: '/body/url', code: 'not-allowed', detail }];
  }

  // The URL is stored in the form in which it is requested, so that all parsers read the same URL.
  const normalized = (url: string) => new URL(url).href;

  return {
    async listWebhooks(call) {
      const rows = await call.lane.read(listWebhooks);
      return call.reply(200, { items: rows.map((row) => toWebhook(call.lane.userId, row)) });
    },

    async createWebhook(call) {
      const errors = urlErrors(call.body.url);
      if (errors.length > 0) return call.fail('validation-failed', { errors });
      const webhook = { ...call.body, url: normalized(call.body.url) };
      const row = await call.lane.write((lane) =>
        insertWebhook(lane, { ...webhook, id: uuidv7(), secret: newSecret(), testId: uuidv7() }),
      );
      return call.reply(201, toWebhookWithSecret(call.lane.userId, row), {
        Location: addressOf(call.lane.userId, row),
      });
    },

    async getWebhook(call) {
      const row = await call.lane.read((lane) => findWebhook(lane, call.path.webhook_id));
      return row ? call.reply(200, toWebhook(call.lane.userId, row)) : call.fail('webhook-not-found');
    },

    async updateWebhook(call) {
      const { url } = call.body;
      const errors = urlErrors(url);
      if (errors.length > 0) return call.fail('validation-failed', { errors });
      const body = url === undefined ? call.body : { ...call.body, url: normalized(url) };
      const outcome = await call.lane.write(async (lane) => {
        const current = await findWebhook(lane, call.path.webhook_id);
        if (!current) return 'webhook-not-found';
        const { wanted, errors } = splitReadOnly(body, toWebhook(call.lane.userId, current), readOnly);
        return errors.length > 0 ? { errors } : updateWebhook(lane, current, wanted, uuidv7());
      });
      if (outcome === 'webhook-not-found') return call.fail(outcome);
      if ('errors' in outcome) return call.fail('validation-failed', { errors: inBody(outcome.errors) });
      return call.reply(200, toWebhook(call.lane.userId, outcome));
    },

    async deleteWebhook(call) {
      const deleted = await call.lane.write((lane) => deleteWebhook(lane, call.path.webhook_id));
      return deleted ? call.reply(204) : call.fail('webhook-not-found');
    },

    async rotateWebhookSecret(call) {
      const row = await call.lane.write(async (lane) => {
        const current = await findWebhook(lane, call.path.webhook_id);
        return current && rotateSecret(lane, current, newSecret());
      });
      return row
        ? call.reply(200, toWebhookWithSecret(call.lane.userId, row))
        : call.fail('webhook-not-found');
    },

    async testWebhook(call) {
      const found = await withEnabled(call.lane, call.path.webhook_id, (lane, webhook) =>
        queueTest(lane, webhook.id, uuidv7()),
      );
      if (found === 'webhook-not-found' || found === 'webhook-disabled') return call.fail(found);
      return call.reply(202, toDelivery(found as WebhookDeliveryRow), {
        Location: addressOf(call.lane.userId, found as WebhookDeliveryRow),
      });
    },

    async replayWebhook(call) {
      const { since, until, include_delivered } = call.body;
      const range = {
        since: new Date(since),
        until: until === undefined ? undefined : new Date(until),
        includeDelivered: include_delivered,
      };
      const queued = await withEnabled(call.lane, call.path.webhook_id, (lane, webhook) =>
        replay(lane, webhook, range, uuidv7),
      );
      if (queued === 'webhook-not-found' || queued === 'webhook-disabled') return call.fail(queued);
      if (typeof queued === 'number') return call.reply(202, { queued });
      return call.fail('validation-failed', {
        errors: [
          {
            pointer: '/body/since',
            code: 'too-large',
            detail: `must begin a range of at most ${maxReplayed} changes; choose a shorter range`,
          },
        ],
      });
    },

    async listWebhookDeliveries(call) {
      const { cursor, limit, state } = call.query;
      const { user_id, webhook_id } = call.path;
      const listed = { list: [user_id, 'deliveries', webhook_id, state], order: deliveryOrder };
      const after = startOf(listed, cursor);
      if (after === undefined) return call.fail('validation-failed', wrongCursor);
      // One row more than the page holds shows whether there is a next page.
      const [webhook, rows] = await call.lane.read((lane) =>
        Promise.all([
          findWebhook(lane, webhook_id),
          listDeliveries(lane, { webhookId: webhook_id, states: state, after, limit: limit + 1 }),
        ]),
      );
      if (!webhook) return call.fail('webhook-not-found');
      const page = toPage(listed, rows, limit, call.url);
      const body = { items: page.rows.map(toDelivery), next_cursor: page.next_cursor };
      return call.reply(200, body, page.headers);
    },

    async getWebhookDelivery(call) {
      const { webhook_id, delivery_id } = call.path;
      const [webhook, row] = await call.lane.read((lane) =>
        Promise.all([findWebhook(lane, webhook_id), findDelivery(lane, webhook_id, delivery_id)]),
      );
      if (!webhook) return call.fail('webhook-not-found');
      return row ? call.reply(200, toDelivery(row)) : call.fail('delivery-not-found');
    },

    async redeliverWebhook(call) {
      const { webhook_id, delivery_id } = call.path;
      const found = await withEnabled(call.lane, webhook_id, async (lane) => {
        const delivery = await findDelivery(lane, webhook_id, delivery_id);
        return delivery ? requeue(lane, delivery) : 'delivery-not-found';
      });
      if (typeof found === 'string') return call.fail(found);
      return call.reply(202, toDelivery(found));
    },
  };
}
