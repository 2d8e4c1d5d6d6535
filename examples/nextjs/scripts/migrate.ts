/** Creates or updates Better Auth's tables. */
import { getMigrations } from 'better-auth/db/migration';
import { auth } from '../lib/auth.ts';

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
await auth.options.database.end();
