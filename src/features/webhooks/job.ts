/** The jobs that send and remove deliveries. It also has the statement that measures waiting deliveries. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LaneKey } from '../../platform/database/lane';
import { backlogOf } from '../../platform/jobs/backlog';
import { createLaneJob, type Job, type JobContext } from '../../platform/jobs/job';
import { createLowerBound } from '../../platform/jobs/lower-bound';
import { hashUser } from '../../platform/observability/logger';
import type { Metrics } from '../../platform/observability/metrics/metrics';
import type { Tracing } from '../../platform/observability/tracing/tracing';
import { purgeDeliveries } from './deliveries';
import type { EgressPolicy } from './egress-policy';
import { toMessage } from './events';
import { choiceValues, chooseDue, findBatch, type LeasedWebhook, leaseDue, nextDue } from './leases';
import { createTraffic } from './rates';
import { createSender } from './sender';
import { type Settlement, settle } from './settlements';
import { signedHeaders } from './signature';

export interface WebhookSettings {
  /** Milliseconds between two searches for due deliveries. */
  readonly intervalMs: number;
  /** Milliseconds that a receiver has to answer. */
  readonly timeoutMs: number;
  /** The maximum number of webhooks that this instance sends to at once. */
  readonly concurrency: number;
  /** The maximum number of messages per second that this instance sends to a host. */
  readonly hostRate: number;
}

// The number of deliveries that a receiver gets at once.
const batchSize = 8;
// Added to the time for sending: the time to read the batch and to store the results.
const leaseMarginMs = 30_000;
const formerSecretMs = 86_400_000;

/** Who observes the deliveries, if anybody does. */
export interface DeliveryObservers {
  readonly metrics?: Pick<Metrics, 'webhookAnswered'> | undefined;
  readonly tracing?: Pick<Tracing, 'send'> | undefined;
}

/** Creates the job that sends deliveries. A round ends when no delivery is due and none is being sent. */
export function createDeliveryJob(
  settings: WebhookSettings,
  egress: EgressPolicy,
  { metrics, tracing }: DeliveryObservers = {},
): Job {
  const { intervalMs, timeoutMs, concurrency, hostRate } = settings;
  const send = createSender(egress, timeoutMs);
  const traffic = createTraffic(hostRate);
  const leaseMs = timeoutMs + leaseMarginMs;
  const post = async (cause: string | null, ...[url, headers, body]: Parameters<typeof send>) => {
    if (!tracing) return send(url, headers, body);
    const { sent } = await tracing.send('webhook delivery', cause, async (context) => {
      const sent = await send(url, { ...headers, ...context }, body);
      return { sent, status: sent.attempt.status };
    });
    return sent;
  };

  async function leaseInLane(
    { withSystem }: JobContext,
    lane: LaneKey,
    ids: readonly string[],
  ): Promise<LeasedWebhook[]> {
    const leased = await withSystem.write((system) =>
      system.query<Omit<LeasedWebhook, 'lane'>>(leaseDue, [lane.id, ids, leaseMs]),
    );
    return leased.map((each) => ({ ...each, lane }));
  }

  /** Leases webhooks for the free slots, in a transaction for each lane. */
  async function lease(context: JobContext, held: readonly LeasedWebhook[]): Promise<LeasedWebhook[]> {
    const { chosen, lanes } = await context.withSystem.read(async (system) => {
      const chosen = await system.query<{ laneId: string; id: string }>(
        chooseDue,
        choiceValues(held, concurrency),
      );
      return { chosen, lanes: await system.lanes(chosen.map(({ laneId }) => laneId)) };
    });
    const results = await Promise.allSettled(
      [...lanes.values()].map((lane) =>
        leaseInLane(
          context,
          lane,
          chosen.filter(({ laneId }) => laneId === lane.id).map(({ id }) => id),
        ),
      ),
    );
    const leased = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    const failed = results.find((result) => result.status === 'rejected');
    // The leases that were taken are used.
    if (failed && leased.length === 0) throw failed.reason;
    return leased;
  }

  async function deliver(
    { laneForJob, log }: JobContext,
    { lane: { id, userId }, unproven: _, ...lease }: LeasedWebhook,
  ): Promise<void> {
    const lane = laneForJob({ id, userId });
    const batch = await lane.read(async (readable) => {
      const found = await findBatch(readable, lease, batchSize);
      if (!found) return undefined;
      const { webhook, deliveries } = found;
      const verified = webhook.verified_at !== null;
      const { granted, waitMs } = traffic.take({ userId, url: webhook.url, verified }, deliveries.length);
      return {
        webhook,
        waitMs,
        messages: await Promise.all(
          deliveries.slice(0, granted).map(async (delivery) => ({
            delivery,
            body: JSON.stringify(await toMessage(readable, delivery)),
          })),
        ),
      };
    });
    if (!batch) return;
    const { url, secret, previous_secret, secret_rotated_at } = batch.webhook;
    const isFormerValid = Date.now() - Number(secret_rotated_at) < formerSecretMs;
    const secrets = previous_secret !== null && isFormerValid ? [secret, previous_secret] : [secret];
    const settlements = await Promise.all(
      batch.messages.map(async ({ delivery, body }): Promise<Settlement> => {
        const timestamp = Math.floor(Date.now() / 1000);
        const headers = {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          'user-agent': 'Tasklane-Webhooks/1',
          ...signedHeaders({ id: delivery.id, timestamp, body }, secrets),
        };
        const { attempt, retryAfterMs } = await post(delivery.trace, url, headers, body);
        const { status, error, duration_ms } = attempt;
        metrics?.webhookAnswered(status, error, duration_ms);
        log.debug({ webhook: lease.id, delivery: delivery.id, status, error, duration_ms }, 'webhook sent');
        return { delivery, attempt, retryAfterMs };
      }),
    );
    const { waitMs } = batch;
    const disabled = await lane.write((writable) =>
      settle(writable, { lease, sentTo: url, settlements, waitMs }),
    );
    if (disabled) {
      log.info({ webhook: lease.id, user: hashUser(userId), reason: disabled }, 'webhook disabled');
    }
  }

  return {
    name: 'webhooks',
    everyMs: intervalMs,
    async run(context) {
      const { signal, log } = context;
      const underWay = new Map<Promise<void>, LeasedWebhook>();
      const start = (each: LeasedWebhook) => {
        const work = deliver(context, each)
          // The lease expires, and the batch is sent again.
          .catch((error) => log.error({ err: error, webhook: each.id }, 'cannot send to webhook'))
          .finally(() => underWay.delete(work));
        underWay.set(work, each);
      };
      try {
        while (!signal.aborted) {
          const free = concurrency - underWay.size;
          const leased = free > 0 ? await lease(context, [...underWay.values()]) : [];
          leased.forEach(start);
          // A webhook that finished during the search may have more due deliveries.
          if (leased.length === 0 && free === concurrency) break;
          if (leased.length > 0 && underWay.size < concurrency) continue;
          if (underWay.size > 0)
            await Promise.race([...underWay.keys(), sleep(intervalMs, undefined, { ref: false })]);
        }
      } finally {
        await Promise.all(underWay.keys());
      }
      const [next] = await context.withSystem.read((system) => system.query<{ ms: number | null }>(nextDue));
      return { more: false, dueInMs: next?.ms ?? undefined };
    },
  };
}

const keptDays = 30;
const rowsInAWrite = 1_000;

const findOld = `
  select lane_id, created_at from tasklane.webhook_deliveries
  where created_at >= $3 and created_at < now() - $1::int * interval '1 day' order by created_at limit $2`;

/** Creates the job that removes deliveries after 30 days. The oldest come first. */
export function createDeliveryPurgeJob(): Job {
  const bound = createLowerBound();
  return createLaneJob({
    name: 'webhooks-purge',
    everyMs: 3_600_000,
    limit: 1_000,
    async find(system, limit) {
      const values = [keptDays, limit, bound.value()];
      const found = await system.query<{ lane_id: string; created_at: Date }>(findOld, values);
      bound.found(found.at(-1)?.created_at, found.length < limit);
      return found;
    },
    async write(lane, old) {
      const times = old.map((each) => each.created_at);
      return (await purgeDeliveries(lane, times, rowsInAWrite)) === rowsInAWrite;
    },
  });
}

/** Measures the webhooks with due deliveries. */
export const measureDeliveries = backlogOf('tasklane.webhooks', 'due_at <= now()');
