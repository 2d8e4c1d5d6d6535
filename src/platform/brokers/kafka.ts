/** Kafka as a broker. The key of an event decides its partition, with the same hash as the Java clients use. */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import {
  compatibilityPartitioner,
  connectionsConnectsChannel,
  ProduceAcks,
  Producer,
} from '@platformatic/kafka';
import type { Logger } from 'pino';
import { type Broker, type BrokerOptions, eventMediaType, type Run } from './broker';

// Well below the default limit of a batch, 1 MiB, which Kafka checks for each partition.
const bytesInSend = 512 * 1024;
const requestTimeoutMs = 5_000;

/** A run that waits to be sent. */
interface Waiting {
  readonly run: Run;
  readonly bytes: number;
  settle(error?: unknown): void;
}

const contentType = Buffer.from('content-type');
const mediaType = Buffer.from(eventMediaType);

/** Whether the broker refused these events. It may still accept other events. */
function isRefusal(error: unknown): boolean {
  const { code, errors = [] } = error as { code?: string; errors?: unknown[] };
  return code === 'PLT_KFK_PROTOCOL' || errors.some(isRefusal);
}

// The host to which the client connects. The client announces it just before it copies its TLS options.
let connectingTo = '';
connectionsConnectsChannel.start.subscribe((message) => {
  connectingTo = (message as { host: string }).host;
});

/**
 * TLS options with the name of each server (SNI, RFC 6066, section 3). The client's own option `tlsServerName` also names IP
 * addresses, which Node refuses with an exception that nobody can catch if a broker advertises its IP address.
 */
function withServerName(tls: ConnectionOptions): ConnectionOptions {
  return Object.defineProperty({ ...tls }, 'servername', {
    enumerable: true,
    get: () => (isIP(connectingTo) ? undefined : connectingTo),
  });
}

/**
 * Connects to Kafka. Runs that are published at the same time share a request. Only one request is under way, and
 * Kafka stores the events of a request for a partition completely or not at all, so events are never stored before
 * those that precede them.
 */
export function createKafka({ address, topic, mechanism }: BrokerOptions, log: Logger): Broker {
  const { servers, tls, user } = address;
  let producer: Producer<Buffer, Buffer, Buffer, Buffer> | undefined;
  const waiting: Waiting[] = [];
  let sending: Promise<void> | undefined;

  function open() {
    producer ??= new Producer({
      clientId: 'tasklane',
      bootstrapBrokers: [...servers],
      connectTimeout: 2_000,
      requestTimeout: requestTimeoutMs,
      timeout: requestTimeoutMs,
      // A request that failed is sent again from the last stored position.
      retries: 0,
      ...(tls && { tls: withServerName(tls) }),
      ...(user && { sasl: { mechanism, username: user.name, password: user.password } }),
    });
    return producer;
  }

  /** Closes the connections, so that the next request connects again. */
  async function reset(): Promise<void> {
    const former = producer;
    producer = undefined;
    await former
      ?.close(true)
      .catch((error) => log.debug({ err: error }, 'cannot close the connection to Kafka'));
  }

  async function send(runs: readonly Run[]): Promise<void> {
    const messages = runs.flatMap(({ key, events }) => {
      const keyBytes = Buffer.from(key);
      return events.map(({ body }) => ({
        topic,
        key: keyBytes,
        value: Buffer.from(body),
        headers: new Map([[contentType, mediaType]]),
      }));
    });
    await open().send({ messages, acks: ProduceAcks.ALL, partitioner: compatibilityPartitioner });
  }

  /** The next runs for one request: as many as fit, at least one. */
  function takeNext(): Waiting[] {
    const taken = waiting.splice(0, 1);
    let bytes = taken[0]?.bytes ?? 0;
    while (waiting[0] && bytes + waiting[0].bytes <= bytesInSend) {
      bytes += waiting[0].bytes;
      taken.push(...waiting.splice(0, 1));
    }
    return taken;
  }

  async function sendTaken(taken: readonly Waiting[]): Promise<void> {
    try {
      await send(taken.map(({ run }) => run));
      for (const each of taken) each.settle();
    } catch (error) {
      // One run that is refused must not hold up the others.
      if (taken.length > 1 && isRefusal(error)) {
        for (const each of taken) await sendTaken([each]);
        return;
      }
      if (!isRefusal(error)) await reset();
      for (const each of taken) each.settle(error);
    }
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) await sendTaken(takeNext());
    sending = undefined;
  }

  return {
    publish(run) {
      const bytes = run.events.reduce((sum, { body }) => sum + Buffer.byteLength(body) + 100, 0);
      return new Promise<number>((resolve, reject) => {
        const settle = (error?: unknown) =>
          error === undefined ? resolve(run.events.length) : reject(error);
        waiting.push({ run, bytes, settle });
        // Runs that are published in the same turn of the event loop go together.
        sending ??= new Promise(setImmediate).then(sendAll);
      });
    },
    async probe() {
      try {
        await open().metadata({ topics: [topic], forceUpdate: true });
      } catch (error) {
        await reset();
        throw error;
      }
    },
    async close() {
      await sending;
      await reset();
    },
  };
}
