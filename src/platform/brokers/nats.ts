/** NATS JetStream as a broker. A stream must store the subjects `<topic>.>`. */
import { hash } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
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

type TlsOptions = NonNullable<NonNullable<Parameters<typeof connect>[0]>['tls']>;

/** Checks that a certificate is for a host. */
const isFor = (host: string) => (_: string, certificate: PeerCertificate) =>
  checkServerIdentity(host, certificate);

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

  async function connectTo(server: string): Promise<NatsConnection> {
    const host = new URL(`nats://${server}`).hostname.replace(/^\[|\]$/g, '');
    return connect({
      name: 'tasklane',
      servers: [server],
      timeout: 2_000,
      // Messages that wait for a new connection would arrive after those of another instance.
      reconnect: false,
      ignoreClusterUpdates: true,
      // Without `checkServerIdentity`, a certificate for `localhost` would be valid for every IP address.
      ...(tls && { tls: { checkServerIdentity: isFor(host), ...tls } as TlsOptions }),
      ...(user && { user: user.name, pass: user.password }),
      ...(credentials && { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
    });
  }

  /** Connects to one of the servers, in random order. @throws the error of the last one */
  async function connectToAny(): Promise<NatsConnection> {
    const [first = '', ...others] = servers.toSorted(() => Math.random() - 0.5);
    let connection = connectTo(first);
    for (const server of others) connection = connection.catch(() => connectTo(server));
    return connection;
  }

  async function openNow() {
    const connection = await connectToAny();
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
