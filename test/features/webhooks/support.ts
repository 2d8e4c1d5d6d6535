/** Shared by the tests of webhooks: instances that send to a receiver, and webhooks for it. */
import pino from 'pino';
import { Webhook } from 'standardwebhooks';
import { createEgressPolicy } from '../../../src/features/webhooks/egress-policy';
import { createDeliveryJob } from '../../../src/features/webhooks/job';
import { queueDeliveries } from '../../../src/features/webhooks/queue';
import type { Database } from '../../../src/platform/database/database';
import { createJobRunner } from '../../../src/platform/jobs/runner';
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import { openDatabase as openPlainDatabase } from '../../support/open-database';
import type { Received, Receiver } from '../../support/receiver';
import { assertSchema } from '../../support/response-check';
import { until } from '../../support/until';
import type { TestUser } from '../../support/user';

export interface MadeWebhook {
  readonly id: string;
  readonly secret: string;
  /** The path below the user's lane. */
  readonly path: string;
}

/** Creates a webhook with the receiver's address. */
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

/** Marks a webhook as verified, and removes its test. */
export async function verify(url: string, { id }: Pick<MadeWebhook, 'id'>): Promise<void> {
  await query(
    url,
    `delete from tasklane.webhook_deliveries where webhook_id = $1 and event = 'webhook.test'`,
    [id],
  );
  // Its entity tag must differ from that of the unverified webhook.
  await query(
    url,
    `update tasklane.webhooks set verified_at = now(), due_at = null, updated_at = (updated_at at time zone 'UTC' + interval '1 ms') at time zone 'UTC'
     where id = $1`,
    [id],
  );
}

/** Creates a webhook at a service with running jobs, and waits until its test is delivered. */
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

/** Creates a verified webhook with the receiver's address. */
export async function makeVerified(
  url: string,
  ...made: Parameters<typeof makeWebhook>
): Promise<MadeWebhook> {
  const webhook = await makeWebhook(...made);
  await verify(url, webhook);
  return webhook;
}

/** Creates a task, and returns it. */
export async function makeTask(user: TestUser, title = 'A task'): Promise<Body> {
  const made = await user.send('POST', '/tasks', { body: { title } });
  expect(made.status).toBe(201);
  return made.body;
}

/** The contract's schema of an event. */
function schemaOf(type: string): string {
  const [kind = '', action] = type.split('.');
  if (action === 'test') return 'TestMessage';
  if (['webhook', 'calendar_feed', 'client'].includes(kind)) return 'ChangeMessage';
  return `${kind[0]?.toUpperCase()}${kind.slice(1)}Message`;
}

/** The event in a request; fails unless the signature and the schema are right. */
export function eventIn(received: Received | undefined, secret: string): Body {
  if (!received) throw new Error('Nothing was received.');
  const event = new Webhook(secret).verify(received.body, received.headers as Record<string, string>) as Body;
  assertSchema(schemaOf(event.type), event);
  return event;
}

/** The webhook's deliveries, newest first. */
export async function deliveriesOf(user: TestUser, { path }: MadeWebhook, search = ''): Promise<Body[]> {
  const { status, body } = await user.send('GET', `${path}/deliveries${search}`);
  expect(status).toBe(200);
  return body.items;
}

/** Makes all waiting deliveries and webhooks due now. */
export async function passTime(url: string, userId: string): Promise<void> {
  await query(
    url,
    'update tasklane.webhook_deliveries set due_at = now() where lane_id = lane_of($1) and due_at is not null',
    [userId],
  );
  await query(url, 'update tasklane.webhooks set paused_until = null where lane_id = lane_of($1)', [userId]);
  await query(
    url,
    'update tasklane.webhooks set due_at = now() where lane_id = lane_of($1) and due_at is not null',
    [userId],
  );
}

const silent = pino({ level: 'silent' });

/** The database of a service, opened without the service. */
export function openDatabase(url: string): Database {
  return openPlainDatabase(url, { max: 5, onRecorded: queueDeliveries });
}

export interface Instance {
  /** Sends all due deliveries. */
  deliver(): Promise<void>;
  close(): Promise<void>;
}

/** Another instance that only runs the jobs. */
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
