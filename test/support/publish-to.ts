/**
 * Publishes one event to each broker of the JSON list in the first argument, and writes a JSON line for each: how many events are
 * stored, or the reason and the error as the log has them. It is a process of its own, because Jest cannot load Kafka's client.
 */
import { pino } from 'pino';
import { readBrokerAddress } from '../../src/platform/brokers/address';
import type { BrokerOptions } from '../../src/platform/brokers/broker';
import { createBroker } from '../../src/platform/brokers/connect';
import { brokerFailure } from '../../src/platform/brokers/failure';
import { errorSerializer } from '../../src/platform/observability/errors';

export type Target = { url: string } & Partial<Pick<BrokerOptions, 'mechanism' | 'credentials'>>;
export type Outcome = { stored: number } | { reason: string | null; error: object };

const log = pino({ level: 'silent' });
const serialize = errorSerializer();

async function publish({ url, mechanism = 'SCRAM-SHA-512', credentials = null }: Target): Promise<Outcome> {
  const broker = createBroker(
    { address: readBrokerAddress(url), topic: 'tasklane', mechanism, credentials },
    log,
  );
  try {
    const event = { id: url, type: 'task.created', body: JSON.stringify({ partitionkey: 'ada' }) };
    return { stored: await broker.publish({ key: 'ada', events: [event] }) };
  } catch (error) {
    return { reason: brokerFailure(error), error: serialize(error) };
  } finally {
    await broker.close();
  }
}

async function publishToAll(): Promise<void> {
  for (const target of JSON.parse(process.argv[2] ?? '') as Target[]) {
    process.stdout.write(`${JSON.stringify(await publish(target))}\n`);
  }
}

void publishToAll();
