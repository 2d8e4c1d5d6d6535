/** An error of node-postgres or of the connection pool. */
interface DatabaseError {
  code?: unknown;
  name?: unknown;
  message?: unknown;
  constraint?: unknown;
}

// SQLSTATE classes and codes (PostgreSQL, appendix A) that say "not now" rather than "not so": connection exceptions,
// a login or a database that is not there, insufficient resources, operator intervention, and being read-only after a fail-over.
const unavailableStates = /^(08...|28...|3D000|53...|57P0[1-5]|57014|25006|25P03|40001|40P01|55P03)$/;

// Node's codes for a socket that could not be opened or broke.
const unavailableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

// What node-postgres and the pool throw without a code; Knex puts the statement before it.
const unavailableMessages =
  /(^| - )(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout exceeded|timeout expired|Connection ended unexpectedly|aborted$)/i;

/** The SQLSTATE of an error from Postgres, else undefined. */
export function sqlState(error: unknown): string | undefined {
  const { code } = (error ?? {}) as DatabaseError;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The name of the constraint that an error from Postgres says is violated, else undefined. */
export function violatedConstraint(error: unknown): string | undefined {
  const { constraint } = (error ?? {}) as DatabaseError;
  return typeof constraint === 'string' ? constraint : undefined;
}

/** Whether an error means that the database is out of reach, or too busy, for now. */
export function isUnavailable(error: unknown): boolean {
  const { code, name, message } = (error ?? {}) as DatabaseError;
  if (name === 'KnexTimeoutError') return true;
  if (typeof code === 'string') return unavailableStates.test(code) || unavailableCodes.has(code);
  return typeof message === 'string' && unavailableMessages.test(message);
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
