/** Prepares the topic or stream of a broker, and reads the events that it has stored. */
import { randomUUID } from 'node:crypto';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { TestBroker } from './brokers';

// An ES module with WebAssembly, which Jest's own `require` cannot load.
const loadKafka = () =>
  process.getBuiltinModule('node:module').createRequire(__filename)(
    '@platformatic/kafka',
  ) as typeof import('@platformatic/kafka');

/** An event as it was stored. */
export interface ReadEvent {
  readonly id: string;
  readonly type: string;
  readonly partitionkey: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look at many types of events
  readonly data: any;
  readonly [attribute: string]: unknown;
}

const topic = 'tasklane';

/** Makes the topic of Kafka with 4 partitions, or the stream of NATS. */
export async function makeTopic({ url, port }: TestBroker): Promise<void> {
  if (url.startsWith('kafka:')) {
    const { Admin } = loadKafka();
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [`127.0.0.1:${port}`], retries: 30 });
    await admin.createTopics({ topics: [topic], partitions: 4, replicas: 1 });
    await admin.close();
    return;
  }
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: topic, subjects: [`${topic}.>`] });
  await connection.close();
}

async function readNats(port: number, take: (event: ReadEvent) => boolean): Promise<void> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const manager = await jetstreamManager(connection);
  const { name } = await manager.consumers.add(topic, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
  });
  const consumer = await jetstream(connection).consumers.get(topic, name);
  for await (const message of await consumer.consume()) if (take(message.json())) break;
  await connection.close();
}

async function readKafka(port: number, take: (event: ReadEvent) => boolean): Promise<void> {
  const { Consumer } = loadKafka();
  const consumer = new Consumer({
    groupId: randomUUID(),
    clientId: 'test',
    bootstrapBrokers: [`127.0.0.1:${port}`],
    retries: 30,
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  for await (const { key, value } of stream) {
    const event: ReadEvent = JSON.parse(value.toString());
    if (key.toString() !== event.partitionkey) throw new Error(`The key of ${event.id} is ${key}.`);
    if (take(event)) break;
  }
  await consumer.close(true);
}

/** Reads the stored events from the first, until `isEnough` is true. Events of a lane are in their order. */
export async function readEvents(
  { url, port }: TestBroker,
  isEnough: (events: readonly ReadEvent[]) => boolean,
): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  const take = (event: ReadEvent) => {
    events.push(event);
    return isEnough(events);
  };
  await (url.startsWith('kafka:') ? readKafka(port, take) : readNats(port, take));
  return events;
}

/** The numbers of the changes of each lane, by user, in the order in which they were first stored. */
export function firstNumbers(events: readonly ReadEvent[]): Map<string, number[]> {
  const lanes = new Map<string, Set<number>>();
  for (const { partitionkey, data } of events) {
    const numbers = lanes.get(partitionkey) ?? new Set();
    lanes.set(partitionkey, numbers.add(data.change?.seq));
  }
  return new Map([...lanes].map(([user, numbers]) => [user, [...numbers]]));
}
