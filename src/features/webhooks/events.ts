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

/** The message about a change. `entity` is the changed entity as it is now; null if there is none. */
export function messageOf(change: Schemas['Change'], entity: object | null): Message {
  const { type: kind, action, at: timestamp } = change;
  const type = `${kind}.${action}`;
  if (entityTypes[kind] === null) return { type, timestamp, data: { change } };
  // The schema of each kind has its own field and its own actions, which TypeScript cannot derive from `kind`.
  return { type, timestamp, data: { change, [kind]: entity } } as Message;
}

/** The message that a delivery sends. */
export async function toMessage(lane: Lane, row: WebhookDeliveryRow): Promise<Message> {
  const { event: type, webhook_id } = row;
  if (type === 'webhook.test') {
    return { type, timestamp: row.happened_at.toISOString(), data: { user_id: lane.userId, webhook_id } };
  }
  const [kind, action] = type.split('.') as [ChangeType, ChangeAction];
  const [entity] = (await entityTypes[kind]?.find(lane, [row.entity_id])) ?? [];
  return messageOf(changeOf(lane.userId, row, kind, action), entity?.data ?? null);
}
