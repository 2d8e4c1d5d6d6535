import type { Schemas } from '../../platform/contract/document/operations';
import type { WebhookDeliveryRow, WebhookRow } from '../../platform/database/rows';

/** Maps a webhook to the schema `Webhook`, without its secret. */
export function toWebhook(userId: string, row: WebhookRow): Schemas['Webhook'] {
  return {
    id: row.id,
    user_id: userId,
    url: row.url,
    description: row.description,
    events: row.events,
    enabled: row.disabled_at === null,
    disabled_reason: row.disabled_reason,
    disabled_at: row.disabled_at?.toISOString() ?? null,
    verified_at: row.verified_at?.toISOString() ?? null,
    secret_rotated_at: row.secret_rotated_at?.toISOString() ?? null,
    version: row.version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

/** Maps a webhook to the schema `WebhookWithSecret`. */
export function toWebhookWithSecret(userId: string, row: WebhookRow): Schemas['WebhookWithSecret'] {
  return { ...toWebhook(userId, row), secret: row.secret };
}

/** Maps a delivery to the schema `WebhookDelivery`. */
export function toDelivery(row: WebhookDeliveryRow): Schemas['WebhookDelivery'] {
  return {
    id: row.id,
    webhook_id: row.webhook_id,
    event: row.event,
    seq: row.seq === null ? null : Number(row.seq),
    entity_id: row.entity_id,
    state: row.state,
    attempt_count: row.attempt_count,
    attempts: row.attempts,
    next_attempt_at: row.due_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
