/** `npm run restored`: after a restore, gives every lane a new epoch, so that clients' copies and event streams start again. */
import pino from 'pino';
import { createDatabase } from '../src/platform/database/database';
import { renewLanes } from '../src/platform/database/installation';
import { migrationStatus } from '../src/platform/database/migrations';
import { reading, runScript, withDatabase } from './database';

runScript((config) =>
  withDatabase(config, async ({ service }) => {
    const { pending } = await reading(service, migrationStatus);
    if (pending.length > 0) throw new Error('Migrations are pending. Apply them first: npm run migrate.');
    const database = createDatabase(
      {
        url: service,
        max: 1,
        acquireTimeoutMs: config.databaseAcquireTimeoutMs,
        statementTimeoutMs: config.databaseStatementTimeoutMs,
        preparedStatements: config.databasePreparedStatements,
        appRole: config.databaseAppRole,
        systemRole: config.databaseSystemRole,
      },
      pino({ level: 'silent' }),
    );
    try {
      const lanes = await renewLanes(database.withSystem, (done) =>
        process.stderr.write(`Renewed ${done} lanes.\n`),
      );
      const problem = await database.problem();
      return `All lanes are renewed; this run renewed ${lanes}.\n${problem === null ? '' : `${problem}\n`}`;
    } finally {
      await database.close();
    }
  }),
);
