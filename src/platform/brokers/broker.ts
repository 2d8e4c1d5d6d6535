/** A broker: a server that stores events and passes them on to other systems. */
import type { ConnectionOptions } from 'node:tls';

/** How SASL proves the user to Kafka. */
export const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof saslMechanisms)[number];

/** Where the events go. */
export interface BrokerAddress {
  readonly kind: 'kafka' | 'nats';
  /** `host:port`, at least one. */
  readonly servers: readonly string[];
  readonly user: { readonly name: string; readonly password: string } | null;
  /** Null: no TLS. */
  readonly tls: ConnectionOptions | null;
}

export interface BrokerOptions {
  readonly address: BrokerAddress;
  /** Kafka: the topic. NATS: the first token of the subjects. */
  readonly topic: string;
  /** For Kafka with a user. */
  readonly mechanism: SaslMechanism;
  /** NATS: the content of a file with credentials (a JWT and its seed); null for none. */
  readonly credentials: string | null;
}

/** An event as the broker stores it. */
export interface StoredEvent {
  /** The same for every attempt to store the event. */
  readonly id: string;
  /** Two parts, such as `task.created`. */
  readonly type: string;
  /** A CloudEvent as JSON (the structured mode). */
  readonly body: string;
}

/** Events with one key, in their order. */
export interface Run {
  /** Events with the same key keep their order. */
  readonly key: string;
  readonly events: readonly StoredEvent[];
}

/** The longest time after which `publish` ends, in milliseconds. */
export const publishTimeoutMs = 8_000;

/** The media type of the events (CloudEvents, JSON format 1.0.2). */
export const eventMediaType = 'application/cloudevents+json; charset=UTF-8';

/** A connection to a broker. It connects at its first use, and again after an error. */
export interface Broker {
  /**
   * Stores the events of a run in their order: an event is never stored before the one that precedes it. A caller must not
   * publish two runs with one key at the same time.
   * @returns how many events are stored, from the first, within `publishTimeoutMs`. Rejects if it knows of none; some can be
   *   stored nevertheless.
   */
  publish(run: Run): Promise<number>;
  /** Resolves if the broker answers; rejects otherwise. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
