/**
 * Explains to operators why the database is not available. The text never contains a host, user, database or
 * password.
 */
import { type Cause, networkCauses, reasonIn } from '../failure-reasons';

// Errors of node-postgres and of the pool have only a message, which Knex puts after the statement. Codes are SQLSTATEs
// (PostgreSQL, appendix A) or Node's. PgBouncer's errors have the code 08P01, which does not say why: before 1.20 all of
// them, later those of its own.
const causes: readonly Cause[] = [
  [
    /^(28000|08P01)$/,
    /no encryption|SSL off|connection is insecure|SSL required/i,
    'it accepts only connections with TLS: set sslmode=require or stricter',
  ],
  [/^28P01$/, null, 'it refuses the password'],
  [/^08P01$/, /(SASL|password) authentication failed/i, 'it refuses the password'],
  [/^28...$/, null, 'it refuses the login (role, pg_hba.conf)'],
  [/^08P01$/, /authentication failed|login rejected|no such user/i, 'the pooler refuses the login'],
  [/^$/, /^SASL: .*client password must be a string/, 'it requires a password, and the URL has none'],
  [/^3D000$/, null, 'the database does not exist'],
  [/^08P01$/, /no such database|database "[^"]*" does not exist/i, 'the database does not exist'],
  [
    /^53300$/,
    null,
    'it accepts no more connections (max_connections, or a limit of the role or the database)',
  ],
  [
    /^(08P01|XX000)?$/,
    /no more connections allowed|max client connections reached/i,
    'the pooler accepts no more clients',
  ],
  [/^08P01$/, /server login|cannot connect to server|server down/i, 'the pooler cannot connect to it'],
  [/^08P01$/, /query_wait_timeout/i, 'the pooler has no free connection to it'],
  [/^53...$/, null, 'it lacks resources (disk, memory)'],
  [/^57P03$/, null, 'it is starting or stopping'],
  [/^57P0.$/, null, 'it is shutting down, or it closed the connection'],
  [/^25006$/, null, 'it is read-only'],
  [/^(57014|25P03|25P04|40001|40P01|55P03)$/, null, 'it is too busy to answer in time'],
  [
    /^(42P05|26000)$/,
    null,
    'the pooler mixes up prepared statements: set DATABASE_PREPARED_STATEMENTS=false',
  ],
  [
    /^connect (ENOENT|EACCES)$/,
    null,
    'its socket does not exist, or the service has no permission to use it',
  ],
  [
    /^$/,
    /(^| - )(The server does not support SSL connections)/i,
    'it does not offer TLS, which sslmode requires',
  ],
  [/^$/, /(^| - )(There was an error establishing an SSL connection)/i, 'the TLS handshake failed'],
  [
    /^$/,
    /(^| - )(timeout expired|Connection terminated due to connection timeout|Query read timeout)/i,
    'it does not answer in time',
  ],
  [
    /^$/,
    /(^| - )Knex: Timeout acquiring a connection|timeout exceeded/i,
    'no connection of the pool became free in time',
  ],
  [/^08...$/, null, 'the connection broke'],
  [
    /^$/,
    /(^| - )(Connection terminated|Connection ended unexpectedly|Client has encountered a connection error|Client was closed|aborted$)/i,
    'the connection broke',
  ],
  ...networkCauses,
];

/**
 * Why the database is not available, according to an error of node-postgres or of the pool; null if the error means
 * something else.
 */
export function unavailableReason(error: unknown): string | null {
  return reasonIn(error, causes);
}

/** `unavailableReason` as a sentence. */
export function describeUnavailable(error: unknown): string {
  return `The database is unavailable: ${unavailableReason(error) ?? 'the cause is unknown'}.`;
}
