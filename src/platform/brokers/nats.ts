/** NATS JetStream as a broker. A stream must store the subjects `<topic>.>`. */
import { hash } from 'node:crypto';
import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator, headers, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { type Broker, type BrokerOptions, eventMediaType } from './broker';

/** The number of parts into which keys are divided. It is a part of the subjects, so it never changes. */
export const subjectParts = 64;

/** The part of a key: the first byte of its SHA-256, modulo 64. */
export function subjectPartOf(key: string): number {
  return (hash('sha256', key, 'buffer')[0] as number) % subjectParts;
}

const requestTimeoutMs = 5_000;

type ConnectOptions = NonNullable<Parameters<typeof connect>[0]>;

function headersOfEvent() {
  const made = headers();
  made.set('content-type', eventMediaType);
  return made;
}

/**
 * Connects to NATS. The subject of an event is `<topic>.<part>.<type>`, such as `tasklane.17.task.created`. The stream ignores an
 * event whose id it has stored within its `duplicate_window`. The events of a run are stored one after another: the
 * next one is sent when the server has confirmed the one before, because a server can refuse a single message.
 */
export function createNats({ address, topic, credentials }: BrokerOptions, log: Logger): Broker {
  const { servers, tls, user } = address;
  let opened: Promise<{ connection: NatsConnection; stream: JetStreamClient }> | undefined;

  async function openNow() {
    const connection = await connect({
      name: 'tasklane',
      servers: [...servers],
      timeout: 2_000,
      // Messages that wait for a new connection would arrive after those of another instance.
      reconnect: false,
      ...(tls && { tls: tls as NonNullable<ConnectOptions['tls']> }),
      ...(user && { user: user.name, pass: user.password }),
      ...(credentials && { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
    });
    void connection.closed().then((error) => {
      opened = undefined;
      if (error) log.debug({ err: error }, 'the connection to NATS was closed');
    });
    return { connection, stream: jetstream(connection) };
  }

  function open() {
    opened ??= openNow().catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  }

  return {
    async publish({ key, events }) {
      const { stream } = await open();
      const prefix = `${topic}.${subjectPartOf(key)}`;
      const deadline = performance.now() + requestTimeoutMs;
      let stored = 0;
      try {
        for (const { id, type, body } of events) {
          const timeout = Math.max(1, deadline - performance.now());
          await stream.publish(`${prefix}.${type}`, body, { msgID: id, headers: headersOfEvent(), timeout });
          stored++;
        }
      } catch (error) {
        if (stored === 0) throw error;
        log.debug({ err: error, stored }, 'NATS stored a part of a run');
      }
      return stored;
    },
    async probe() {
      const { connection } = await open();
      // Fails if no stream stores the subject.
      const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
      await manager.streams.find(`${topic}.0.lane.reset`);
    },
    async close() {
      const { connection } = (await opened?.catch(() => undefined)) ?? {};
      await connection?.close();
    },
  };
}
