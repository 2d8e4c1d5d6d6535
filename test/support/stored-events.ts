/** Prepares the topic or stream of a broker, and reads the events that it has stored. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { eventMediaType } from '../../src/platform/brokers/broker';
import { projectPath } from '../../src/platform/paths';
import type { TestBroker } from './brokers';

const kafkaTool = (command: 'create' | 'read', port: number) =>
  spawn(process.execPath, [projectPath('test', 'support', 'kafka-tool.mjs'), command, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

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

/** How the tests themselves connect to NATS, apart from the server. */
export type NatsAccess = Parameters<typeof connect>[0];

/** Makes the topic of Kafka with 4 partitions, or the stream of NATS. */
export async function makeTopic({ url, port }: TestBroker, access: NatsAccess = {}): Promise<void> {
  if (url.startsWith('kafka:')) {
    const [code] = await once(kafkaTool('create', port), 'exit');
    if (code !== 0) throw new Error('The topic was not made.');
    return;
  }
  const connection = await connect({ ...access, servers: `127.0.0.1:${port}` });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: topic, subjects: [`${topic}.>`] });
  await connection.close();
}

async function readNats(
  port: number,
  access: NatsAccess,
  take: (event: ReadEvent) => boolean,
): Promise<void> {
  const connection = await connect({ ...access, servers: `127.0.0.1:${port}` });
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
  const child = kafkaTool('read', port);
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const { key, contentType, event } = JSON.parse(line);
    if (key !== event.partitionkey || contentType !== eventMediaType) throw new Error(`Wrong: ${line}`);
    if (take(event)) break;
  }
  child.kill('SIGKILL');
  await ended;
}

/** Reads the stored events from the first, until `isEnough` is true. Events of a lane are in their order. */
export async function readEvents(
  { url, port }: TestBroker,
  isEnough: (events: readonly ReadEvent[]) => boolean,
  access: NatsAccess = {},
): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  const take = (event: ReadEvent) => {
    events.push(event);
    return isEnough(events);
  };
  await (url.startsWith('kafka:') ? readKafka(port, take) : readNats(port, access, take));
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
