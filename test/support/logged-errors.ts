import { isUnavailable } from '../../src/platform/database/errors';

/** An error as a line of the log has it. */
export interface LoggedError {
  /** The name of its class. */
  readonly type: string;
  readonly message: string;
}

// The errors of src/platform/database/ that derive from Unavailable.
const unavailable = new Set([
  'Unavailable',
  'LocksUnavailable',
  'PoolBusy',
  'StaleConnection',
  'TransactionTimeout',
]);

/** `isUnavailable` for an error that was logged: whether the database was not available, or too busy. */
export function wasUnavailable(error: LoggedError): boolean {
  return unavailable.has(error.type) || isUnavailable(error);
}
