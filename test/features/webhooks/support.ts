/** What the tests of deliveries share: a receiver, services that may send to it, and webhooks that lead there. */
import pino from 'pino';
import { Webhook } from 'standardwebhooks';
import { createEgressPolicy } from '../../../src/features/webhooks/egress-policy';
import { createDeliveryJob } from '../../../src/features/webhooks/job';
import { queueDeliveries } from '../../../src/features/webhooks/queue';
import { createDatabase, type Database } from '../../../src/platform/database/database';
import { defaultAppRole, defaultSystemRole } from '../../../src/platform/database/roles';
import { createJobRunner } from '../../../src/platform/jobs/runner';
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import type { Received, Receiver } from '../../support/receiver';
import { assertSchema } from '../../support/response-check';
import { until } from '../../support/until';
import type { TestUser } from '../../support/user';

export interface MadeWebhook {
  readonly id: string;
  readonly secret: string;
  /** Below the user's lane. */
  readonly path: string;
}

/** Makes a webhook that leads to the receiver. */
export async function makeWebhook(
  user: TestUser,
  receiver: Pick<Receiver, 'url'>,
  body: object = {},
): Promise<MadeWebhook> {
  const made = await user.send('POST', '/webhooks', { body: { url: `${receiver.url}/hook`, ...body } });
  expect(made.status).toBe(201);
  const { id, secret } = made.body;
  return { id, secret, path: `/webhooks/${id}` };
}

/** Has it that the webhook's receiver took the test that asked it, and that this was never sent. */
export async function verify(url: string, { id }: Pick<MadeWebhook, 'id'>): Promise<void> {
  await query(
    url,
    `delete from tasklane.webhook_deliveries where webhook_id = $1 and event = 'webhook.test'`,
    [id],
  );
  // Its ETag must not be that of what was shown before.
  await query(
    url,
    `update tasklane.webhooks set verified_at = now(), due_at = null, updated_at = updated_at + interval '1 ms'
     where id = $1`,
    [id],
  );
}

/** Makes a webhook at a service that runs its jobs, and waits until the receiver has taken the test that asks it. */
export async function makeConfirmed(
  url: string,
  user: TestUser,
  receiver: Pick<Receiver, 'url' | 'received'>,
): Promise<MadeWebhook> {
  const webhook = await makeWebhook(user, receiver);
  await until(async () => (await user.send('GET', webhook.path)).body.verified_at);
  await query(url, 'delete from tasklane.webhook_deliveries where webhook_id = $1', [webhook.id]);
  receiver.received.length = 0;
  return webhook;
}

/** Makes a webhook that leads to the receiver, which has confirmed it. */
export async function makeVerified(
  url: string,
  ...made: Parameters<typeof makeWebhook>
): Promise<MadeWebhook> {
  const webhook = await makeWebhook(...made);
  await verify(url, webhook);
  return webhook;
}

/** Makes a task; returns it. */
export async function makeTask(user: TestUser, title = 'A task'): Promise<Body> {
  const made = await user.send('POST', '/tasks', { body: { title } });
  expect(made.status).toBe(201);
  return made.body;
}

/** The contract's schema of an event. */
function schemaOf(type: string): string {
  const [kind = '', action] = type.split('.');
  if (action === 'test') return 'TestMessage';
  if (kind === 'webhook' || kind === 'calendar_feed') return 'ChangeMessage';
  return `${kind[0]?.toUpperCase()}${kind.slice(1)}Message`;
}

/** The event in a request; fails unless it is signed with the secret and as the contract has it. */
export function eventIn(received: Received | undefined, secret: string): Body {
  if (!received) throw new Error('Nothing was received.');
  const event = new Webhook(secret).verify(received.body, received.headers as Record<string, string>) as Body;
  assertSchema(schemaOf(event.type), event);
  return event;
}

/** The webhook's deliveries, the newest first. */
export async function deliveriesOf(user: TestUser, { path }: MadeWebhook, search = ''): Promise<Body[]> {
  const { status, body } = await user.send('GET', `${path}/deliveries${search}`);
  expect(status).toBe(200);
  return body.items;
}

/** Lets the time pass that deliveries and webhooks wait for. */
export async function passTime(url: string, userId: string): Promise<void> {
  await query(
    url,
    'update tasklane.webhook_deliveries set due_at = now() where user_id = $1 and due_at is not null',
    [userId],
  );
  await query(
    url,
    `update tasklane.webhooks set paused_until = null, due_at = case when due_at is not null then now() end
     where user_id = $1`,
    [userId],
  );
}

const silent = pino({ level: 'silent' });

/** A service's way to its database, without the service. */
export function openDatabase(url: string): Database {
  const options = { url, max: 5, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
  const roles = { appRole: defaultAppRole, systemRole: defaultSystemRole };
  return createDatabase(
    { ...options, ...roles, preparedStatements: true, onRecorded: queueDeliveries },
    silent,
  );
}

export interface Instance {
  /** Sends all that is due. */
  deliver(): Promise<void>;
  close(): Promise<void>;
}

/** Another instance of the service, of which there are the jobs alone. */
export function openInstance(
  url: string,
  receivers: readonly Pick<Receiver, 'host'>[],
  { timeoutMs = 2_000, hostRate = 10_000 } = {},
): Instance {
  const database = openDatabase(url);
  const allowedHosts = receivers.map(({ host }) => host);
  const settings = { intervalMs: 20, timeoutMs, concurrency: 16, hostRate };
  const { withSystem, laneForJob } = database;
  const job = createDeliveryJob(settings, createEgressPolicy(allowedHosts));
  const runner = createJobRunner([job], { withSystem, laneForJob, log: silent });
  return {
    deliver: () => runner.run('webhooks'),
    async close() {
      await runner.stop();
      await database.close();
    },
  };
}
