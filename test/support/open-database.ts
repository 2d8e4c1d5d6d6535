import pino from 'pino';
import { createDatabase, type Database, type DatabaseOptions } from '../../src/platform/database/database';
import { defaultAppRole, defaultSystemRole } from '../../src/platform/database/roles';
import { keepsStatements, pooledUrl } from './pooler';

/** Opens a database without a service, with the options of the service. */
export function openDatabase(url: string, options: Partial<DatabaseOptions> = {}): Database {
  return createDatabase(
    {
      url: pooledUrl(url),
      appRole: defaultAppRole,
      systemRole: defaultSystemRole,
      max: 10,
      acquireTimeoutMs: 10_000,
      statementTimeoutMs: 10_000,
      preparedStatements: keepsStatements(),
      ...options,
    },
    pino({ level: 'silent' }),
  );
}
