import pino from 'pino';
import { createDatabase, type Database, type DatabaseOptions } from '../../src/platform/database/database';
import { defaultAppRole, defaultSystemRole } from '../../src/platform/database/roles';

/** Opens a database without a service, with the options of the service. */
export function openDatabase(url: string, options: Partial<DatabaseOptions> = {}): Database {
  return createDatabase(
    {
      url,
      appRole: defaultAppRole,
      systemRole: defaultSystemRole,
      max: 10,
      acquireTimeoutMs: 10_000,
      statementTimeoutMs: 10_000,
      preparedStatements: true,
      ...options,
    },
    pino({ level: 'silent' }),
  );
}
