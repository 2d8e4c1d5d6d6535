import { readTls, TlsError } from '../database/tls';
import type { BrokerAddress } from './broker';

/** The URL of a broker cannot be used. The message names no part of the URL that can be secret. */
export class AddressError extends Error {}

const defaultPorts = { kafka: 9092, nats: 4222 } as const;
const parameters = new Set(['sslmode', 'sslrootcert', 'sslcert', 'sslkey']);

function readServer(text: string, kind: keyof typeof defaultPorts): string {
  const url = URL.parse(`http://${text}`);
  if (url?.pathname !== '/' || url.hostname === '') {
    throw new AddressError('must name servers such as kafka-1:9092,kafka-2:9092');
  }
  // The URL leaves out the default port of its scheme.
  const port = url.port || (/:80$/.test(text) ? 80 : defaultPorts[kind]);
  return `${url.hostname}:${port}`;
}

function readUser(text: string): BrokerAddress['user'] {
  const [name = '', password] = text.split(/:(.*)/s);
  if (password === undefined) throw new AddressError('must have a password if it has a user');
  try {
    return { name: decodeURIComponent(name), password: decodeURIComponent(password) };
  } catch {
    throw new AddressError('has a user or password that is not percent-encoded');
  }
}

function readBrokerTls(query: string): BrokerAddress['tls'] {
  const given = new URLSearchParams(query);
  const unknown = [...given.keys()].find((name) => !parameters.has(name));
  if (unknown !== undefined) throw new AddressError(`has an unknown parameter ${unknown}`);
  try {
    const tls = readTls(given);
    if (tls?.optional) throw new AddressError('must have another sslmode than allow and prefer');
    return tls?.options ?? null;
  } catch (error) {
    throw error instanceof TlsError ? new AddressError(error.message) : error;
  }
}

/**
 * Reads the URL of a broker: `kafka://` or `nats://`, optionally `user:password@`, one or more servers separated by commas, and
 * optionally the TLS parameters of `DATABASE_URL`.
 * @throws AddressError
 */
export function readBrokerAddress(text: string): BrokerAddress {
  const [, kind, user, servers, query = ''] =
    /^(kafka|nats):\/\/(?:([^@/?#]*)@)?([^@/?#]+)\/?(?:\?([^#]*))?$/.exec(text) ?? [];
  if ((kind !== 'kafka' && kind !== 'nats') || servers === undefined) {
    throw new AddressError('must be a kafka:// or nats:// URL without a path');
  }
  return {
    kind,
    servers: servers.split(',').map((each) => readServer(each, kind)),
    user: user === undefined ? null : readUser(user),
    tls: readBrokerTls(query),
  };
}
