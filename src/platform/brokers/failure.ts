/** Explains to operators why a broker accepts no events. The text never contains a host, user or password. */
import { type Cause, networkCauses, reasonIn } from '../failure-reasons';

// Errors of NATS have no code. The codes of Kafka are those of its client.
const causes: readonly Cause[] = [
  [
    /^PLT_KFK_AUTHENTICATION$/,
    /^SASL/,
    'it refuses the user or the password, or the user has none for BROKER_SASL_MECHANISM',
  ],
  [
    /^PLT_KFK_AUTHENTICATION$/,
    null,
    'it does not offer BROKER_SASL_MECHANISM, or it requires TLS: see sslmode',
  ],
  [/^PLT_KFK_USER$/, /^Broker requires TLS/, 'it requires TLS: see sslmode'],
  [/^PLT_KFK_USER$/, /^TLS handshake failed/, 'it does not offer TLS'],
  [/^PLT_KFK_USER$/, /^Unknown topic/, 'the topic does not exist, or the user cannot describe it'],
  [
    /^PLT_KFK_NETWORK$/,
    /^Connection closed$/,
    'it closed the connection: if it always does, it requires a user or a client certificate',
  ],
  [/^PLT_KFK_TIMEOUT$/, null, 'it does not answer in time'],
  [/^$/, /^Authorization Violation/i, 'it refuses the user, the password or the credentials'],
  [/^$/, /^User Authentication Expired/i, 'the credentials have expired'],
  [/^$/, /^unable to parse credentials/, 'BROKER_CREDENTIALS is not the content of a credentials file'],
  [/^$/, /^Permissions Violation/i, 'the user has no permission to publish'],
  [/^$/, /^server does not support 'tls'/, 'it does not offer TLS'],
  [/^$/, /^no stream matches subject/i, 'no stream stores the subjects'],
  [/^$/, /^timeout$/i, 'it does not answer in time'],
  ...networkCauses,
];

/** Why a broker accepts no events, according to an error of its client; null if the error has another cause. */
export function brokerFailure(error: unknown): string | null {
  return reasonIn(error, causes);
}
