import { unavailableReason } from './unavailable';

/** The members of an error of node-postgres or of the connection pool. */
interface ErrorMembers {
  message?: unknown;
  code?: unknown;
  constraint?: unknown;
}

/** The service refused a request because of a temporary limit of its own. The answer is 503. */
export class Unavailable extends Error {}

/** An error whose message says what an operator must do. Its stack says nothing more. */
export class SetupError extends Error {}

/** The SQLSTATE of a missing right. */
export const insufficientPrivilege = '42501';

/** The SQLSTATE of a database error; undefined for other errors. */
export function sqlState(error: unknown): string | undefined {
  const { code } = (error ?? {}) as ErrorMembers;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

// Citus passes an error of a shard on without this field. Its message has the name with the number of the shard.
const constraintInMessage = /constraint "([^"]+?)(?:_\d+)?"$/;

/** The name of the constraint that a database error says is violated; undefined for other errors. */
export function violatedConstraint(error: unknown): string | undefined {
  const { constraint, message } = (error ?? {}) as ErrorMembers;
  if (typeof constraint === 'string') return constraint;
  if (typeof message !== 'string' || !sqlState(error)?.startsWith('23')) return undefined;
  return constraintInMessage.exec(message)?.[1];
}

/** Whether an error means that the database is not available, or too busy, for now. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Unavailable || unavailableReason(error) !== null;
}

// The server shuts down or has ended the session (class 08, 57P01 to 57P05, 25P03, 25P04), or the session cannot
// write (25006). No other transaction may use the connection.
const brokenStates = /^(08...|57P0[1-5]|25006|25P0[34])$/;

/** Whether a connection that caused this error must not be used again. */
export function breaksConnection(error: unknown): boolean {
  if (error instanceof Unavailable) return false;
  const state = sqlState(error);
  return state === undefined ? isUnavailable(error) : brokenStates.test(state);
}

/** Whether the database refuses writes (read_only_sql_transaction), as a replica does. */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === '25006';
}

/**
 * Whether a prepared statement already exists or is missing: a pooler mixes up the prepared statements of its clients
 * (PgBouncer before 1.21).
 */
export function isPreparedStatementLost(error: unknown): boolean {
  const state = sqlState(error);
  return state === '42P05' || state === '26000';
}

// The messages of poolers at their own connection limit. Their codes also have other meanings (PgBouncer: 08P01,
// Supavisor: XX000).
const limitMessages = /no more connections allowed|max client connections reached/i;

/** Whether no more connections can be opened (too_many_connections). Existing connections still work. */
export function isConnectionLimit(error: unknown): boolean {
  const { message } = (error ?? {}) as ErrorMembers;
  return sqlState(error) === '53300' || (typeof message === 'string' && limitMessages.test(message));
}

/** Whether the transaction can be run again: a deadlock or a serialization failure. */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

// The SQLSTATEs for a role that does not exist (invalid_parameter_value), that may not be used, or that has no grants
// (insufficient_privilege).
const refusedStates = new Set(['22023', '42501']);

/** Whether the database refuses the service's work because of its role or grants. */
export function isRefused(error: unknown): boolean {
  return refusedStates.has(sqlState(error) ?? '');
}
