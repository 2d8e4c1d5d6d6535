import { whyOutOfReach } from './out-of-reach';

/** An error of node-postgres or of the connection pool. */
interface DatabaseError {
  code?: unknown;
  constraint?: unknown;
}

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
  return whyOutOfReach(error) !== null;
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
