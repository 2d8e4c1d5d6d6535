/** Tests how the URL of a broker is read. */
import { AddressError, readBrokerAddress } from '../../../src/platform/brokers/address';
import { subjectPartOf } from '../../../src/platform/brokers/nats';

test.each([
  ['kafka://kafka', { kind: 'kafka', servers: ['kafka:9092'], user: null, tls: null }],
  [
    'kafka://a:1,b:80,[::1]:3/',
    { kind: 'kafka', servers: ['a:1', 'b:80', '[::1]:3'], user: null, tls: null },
  ],
  ['nats://nats', { kind: 'nats', servers: ['nats:4222'], user: null, tls: null }],
  [
    'nats://me:p%40ss:word@a,b?sslmode=verify-full',
    { kind: 'nats', servers: ['a:4222', 'b:4222'], user: { name: 'me', password: 'p@ss:word' }, tls: {} },
  ],
  ['kafka://a?sslmode=disable', { kind: 'kafka', servers: ['a:9092'], user: null, tls: null }],
])('%s is read', (url, address) => {
  expect(readBrokerAddress(url)).toEqual(address);
});

test.each([
  ['http://kafka', 'kafka:// or nats:// URL'],
  ['kafka://', 'kafka:// or nats:// URL'],
  ['kafka://a/topic', 'without a path'],
  ['kafka://a,', 'must name servers'],
  ['kafka://a:port', 'must name servers'],
  ['kafka://me@a', 'must have a password'],
  ['kafka://me:%@a', 'percent-encoded'],
  ['kafka://a?ssl=true', 'unknown parameter ssl'],
  ['kafka://a?sslmode=prefer', 'another sslmode'],
  ['kafka://a?sslmode=some', 'unknown sslmode'],
])('%s is refused', (url, message) => {
  expect(() => readBrokerAddress(url)).toThrow(AddressError);
  expect(() => readBrokerAddress(url)).toThrow(message);
});

test('the part of a key in the subjects of NATS never changes', () => {
  expect(['ada', 'bob', 'é'].map(subjectPartOf)).toEqual([61, 1, 10]);
});
