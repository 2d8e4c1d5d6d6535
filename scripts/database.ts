/** What the scripts that work on the database share. */
import { type Config, ConfigError } from '../src/config';
import type { AccountLink } from '../src/platform/database/accounts';
import { startEmbeddedPostgres } from '../src/platform/database/embedded/server';
import { describeOutOfReach, whyOutOfReach } from '../src/platform/database/out-of-reach';

export interface DatabaseUrls {
  /** Past any pooler, for migrations. */
  readonly direct: string;
  /** As the service connects. */
  readonly service: string;
}

/** Runs `work` on the configured database, or on the embedded one, which runs for that long. */
export async function withDatabase<T>(config: Config, work: (urls: DatabaseUrls) => Promise<T>): Promise<T> {
  const { databaseUrl, databaseDirectUrl } = config;
  const embedded =
    databaseUrl === null && databaseDirectUrl === null
      ? await startEmbeddedPostgres({ dataDir: config.dataDir })
      : null;
  const direct = databaseDirectUrl ?? databaseUrl ?? (embedded?.url as string);
  try {
    return await work({ direct, service: databaseUrl ?? direct });
  } finally {
    await embedded?.stop();
  }
}

/** How lanes and accounts stand to each other, for people. */
export function describeLink(link: AccountLink): string {
  switch (link.state) {
    case 'off':
      return 'Lanes are not linked to accounts: AUTH_USER_TABLE or AUTH_USER_ID_CLAIM says so.';
    case 'unlinked':
      return `Lanes are not linked to accounts: ${link.reason}.`;
    case 'linked': {
      const linked = `Lanes are linked to ${link.table}, whose ids are of type ${link.idType}.`;
      if (link.orphans === 0) return linked;
      const users = link.examples.join(', ') + (link.orphans > link.examples.length ? ', …' : '');
      return `${linked} Lanes without an account, which nobody can make any more: ${link.orphans} (${users}).`;
    }
  }
}

/** What a script failed with, for people: a cause where it is known, else the stack. */
export function describeFailure(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (whyOutOfReach(error) !== null) return describeOutOfReach(error);
  return String((error as Error | undefined)?.stack ?? error);
}
