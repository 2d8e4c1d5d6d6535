/** `tasklane restored`: after a restore, gives every lane a new epoch, so that clients' copies and event streams start again. */
import { SetupError } from '../platform/database/errors';
import { renewLanes } from '../platform/database/installation';
import { migrationStatus } from '../platform/database/migrations';
import { readArguments } from './arguments';
import { openService, reading, runScript, withDatabase } from './database';

readArguments('restored');
runScript((config) =>
  withDatabase(config, async ({ service }) => {
    const { pending } = await reading(service, migrationStatus);
    if (pending.length > 0)
      throw new SetupError('Migrations are pending. Apply them first: tasklane migrate.');
    const database = openService(config, service);
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
