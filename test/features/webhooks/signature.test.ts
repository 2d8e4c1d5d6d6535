import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { newSecret, signedHeaders } from '../../../src/features/webhooks/signature';

const message = {
  id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d71',
  timestamp: Math.floor(Date.now() / 1000),
  body: '{"type":"task.created","title":"Bäume — 😀"}',
};

test('a Standard Webhooks library verifies the message', () => {
  const secret = newSecret();
  const headers = signedHeaders(message, [secret]);
  expect(new Webhook(secret).verify(message.body, headers)).toEqual(JSON.parse(message.body));
});

test('one of two secrets is enough', () => {
  const [current, former] = [newSecret(), newSecret()];
  const headers = signedHeaders(message, [current, former]);
  expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
  for (const secret of [current, former]) {
    expect(new Webhook(secret).verify(message.body, headers)).toBeTruthy();
  }
});

test.each([
  ['another secret', newSecret(), {}, message.body],
  ['another id', undefined, { 'webhook-id': 'another' }, message.body],
  ['another time', undefined, { 'webhook-timestamp': String(message.timestamp - 1) }, message.body],
  ['another body', undefined, {}, message.body.replace('created', 'deleted')],
])('a message with %s is rejected', (_what, other, changed, body) => {
  const secret = newSecret();
  const headers = { ...signedHeaders(message, [secret]), ...changed };
  expect(() => new Webhook(other ?? secret).verify(body, headers)).toThrow(WebhookVerificationError);
});

test("the specification's example gets the same signature", () => {
  const headers = signedHeaders(
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' },
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  );
  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('secrets are long and unique', () => {
  const secrets = Array.from({ length: 100 }, newSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
});
