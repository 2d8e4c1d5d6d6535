import { readFileSync, statSync } from 'node:fs';

/** The secrets for the database. */
export const databaseSecretNames = [
  'DATABASE_URL',
  'NEON_DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'DATABASE_REPLICA_URL',
] as const;

/**
 * The variables with secrets. For each, the variable with the suffix `_FILE` can name a file with the secret instead.
 */
export const secretNames = [
  ...databaseSecretNames,
  'BETTER_AUTH_SECRET',
  'BETTER_AUTH_SECRETS',
  'REDIS_URL',
  'BROKER_URL',
  'BROKER_CREDENTIALS',
  'OTEL_EXPORTER_OTLP_HEADERS',
] as const;

const maxBytes = 64 * 1024;

/** The secret without the line breaks at its end, or the problem with its file. */
function readSecret(path: string): { value: string } | { problem: string } {
  try {
    const status = statSync(path);
    if (!status.isFile()) return { problem: 'is not a file' };
    if (status.size > maxBytes) return { problem: `is larger than ${maxBytes} bytes` };
    const text = readFileSync(path, 'utf8');
    // A regular expression would take quadratic time for many line breaks.
    let end = text.length;
    while (text[end - 1] === '\n') end -= text[end - 2] === '\r' ? 2 : 1;
    const value = text.slice(0, end);
    return value === '' ? { problem: 'is empty' } : { value };
  } catch (error) {
    return { problem: `cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the environment with the secrets from files, and the errors as sentences that name the variable. */
export function readSecretFiles(
  environment: Environment,
  names: readonly string[],
): { environment: Environment; errors: string[] } {
  const found: Record<string, string> = {};
  const errors: string[] = [];
  for (const name of names) {
    const path = environment[`${name}_FILE`];
    if (!path) continue;
    if (environment[name]) {
      errors.push(`${name}_FILE and ${name} must not both be set.`);
      continue;
    }
    const read = readSecret(path);
    if ('value' in read) found[name] = read.value;
    else errors.push(`${name}_FILE must name a file that holds the secret: ${path} ${read.problem}.`);
  }
  return { environment: { ...environment, ...found }, errors };
}
