/** The messages to webhooks: a change, and its entity with the present values. */

import type { Schemas } from '../../platform/contract/document/operations';
import type { Lane } from '../../platform/database/lane';
import type { ChangeAction, ChangeType, WebhookDeliveryRow } from '../../platform/database/rows';
import { toChange } from '../changes/mapper';
import { entityTypes } from '../sync/entities';

type MessageOf<Name extends 'Task' | 'Project' | 'Tag' | 'Completion' | 'Profile' | 'Change' | 'Test'> =
  Schemas[`${Name}Message`];

/** A message of any event, see the section `webhooks` of the contract. */
export type Message = MessageOf<'Task' | 'Project' | 'Tag' | 'Completion' | 'Profile' | 'Change' | 'Test'>;

function changeOf(
  userId: string,
  row: WebhookDeliveryRow,
  type: ChangeType,
  action: ChangeAction,
): Schemas['Change'] {
  const { entity_id, fields, happened_at: at, request, client_id } = row;
  return toChange(userId, {
    seq: row.seq as string,
    type,
    entity_id,
    action,
    fields,
    at,
    request,
    client_id,
  });
}

/** The message that a delivery sends. */
export async function toMessage(lane: Lane, row: WebhookDeliveryRow): Promise<Message> {
  const { event: type, webhook_id } = row;
  const timestamp = row.happened_at.toISOString();
  if (type === 'webhook.test') return { type, timestamp, data: { user_id: lane.userId, webhook_id } };
  const [kind, action] = type.split('.') as [ChangeType, ChangeAction];
  const change = changeOf(lane.userId, row, kind, action);
  const entityType = entityTypes[kind];
  if (entityType === null) return { type, timestamp, data: { change } };
  const [entity] = await entityType.find(lane, [row.entity_id]);
  // The schema of each kind has its own field and its own actions, which TypeScript cannot derive from `kind`.
  return { type, timestamp, data: { change, [kind]: entity?.data ?? null } } as Message;
}
