import { whyOutOfReach } from './out-of-reach';

/** An error of node-postgres or of the connection pool. */
interface ErrorMembers {
  message?: unknown;
  code?: unknown;
  constraint?: unknown;
}

/** What the service gives up by itself for now: answered as a database that is out of reach. */
export class Unavailable extends Error {}

/** The SQLSTATE of an error from Postgres, else undefined. */
export function sqlState(error: unknown): string | undefined {
  const { code } = (error ?? {}) as ErrorMembers;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The name of the constraint that an error from Postgres says is violated, else undefined. */
export function violatedConstraint(error: unknown): string | undefined {
  const { constraint } = (error ?? {}) as ErrorMembers;
  return typeof constraint === 'string' ? constraint : undefined;
}

/** Whether an error means that the database is out of reach, or too busy, for now. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Unavailable || whyOutOfReach(error) !== null;
}

// The server is leaving or has ended the session (class 08, 57P01 to 57P05, 25P03, 25P04), or the session can't write
// (25006): no other transaction may get the connection.
const brokenStates = /^(08...|57P0[1-5]|25006|25P0[34])$/;

/** Whether a connection that gave this error must not be used again. */
export function breaksConnection(error: unknown): boolean {
  if (error instanceof Unavailable) return false;
  const state = sqlState(error);
  return state === undefined ? isUnavailable(error) : brokenStates.test(state);
}

/** Whether the database takes no writes (read_only_sql_transaction), as a replica does. */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === '25006';
}

/** Whether a pooler gives a client's prepared statements to others (PgBouncer before 1.21): there already, or gone. */
export function losesStatements(error: unknown): boolean {
  const state = sqlState(error);
  return state === '42P05' || state === '26000';
}

// What poolers say at their own limit, under codes that mean more than that (PgBouncer: 08P01, Supavisor: XX000).
const limitMessages = /no more connections allowed|max client connections reached/i;

/** Whether no more connections can be opened (too_many_connections), while those that there are work. */
export function isConnectionLimit(error: unknown): boolean {
  const { message } = (error ?? {}) as ErrorMembers;
  return sqlState(error) === '53300' || (typeof message === 'string' && limitMessages.test(message));
}

/** Whether a transaction that failed so can simply be run again: a deadlock or a serialization failure. */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

// What Postgres says of a role that there is not (invalid_parameter_value), that may not be acted as, or that has no
// grants (insufficient_privilege).
const refusedStates = new Set(['22023', '42501']);

/** Whether the database knows the service, and does not let it do its work. */
export function isRefused(error: unknown): boolean {
  return refusedStates.has(sqlState(error) ?? '');
}
