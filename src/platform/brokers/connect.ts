import type { Logger } from 'pino';
import type { Broker, BrokerOptions } from './broker';

/** Makes the connection to a broker. The package of its kind is loaded only here. */
export function createBroker(options: BrokerOptions, log: Logger): Broker {
  if (options.address.kind === 'kafka') {
    const { createKafka } = require('./kafka') as typeof import('./kafka');
    return createKafka(options, log);
  }
  const { createNats } = require('./nats') as typeof import('./nats');
  return createNats(options, log);
}
