import { readFileSync, statSync } from 'node:fs';

/** The variables that hold secrets: each may be given as a file instead, whose path is in the variable with `_FILE`. */
export const secretNames = [
  'DATABASE_URL',
  'NEON_DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'BETTER_AUTH_SECRET',
  'BETTER_AUTH_SECRETS',
  'REDIS_URL',
] as const;

const maxBytes = 64 * 1024;

/** A secret without the line break at its end, or what is wrong with its file. */
function readSecret(path: string): { value: string } | { fault: string } {
  try {
    const status = statSync(path);
    if (!status.isFile()) return { fault: 'is not a file' };
    if (status.size > maxBytes) return { fault: `is larger than ${maxBytes} bytes` };
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? { fault: 'is empty' } : { value };
  } catch (error) {
    return { fault: `cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with the secrets that are in files, and every fault of those, as sentences that name the variable. */
export function readSecretFiles(environment: Environment): { environment: Environment; faults: string[] } {
  const found: Record<string, string> = {};
  const faults: string[] = [];
  for (const name of secretNames) {
    const path = environment[`${name}_FILE`];
    if (!path) continue;
    if (environment[name]) {
      faults.push(`${name}_FILE and ${name} must not both be set.`);
      continue;
    }
    const read = readSecret(path);
    if ('value' in read) found[name] = read.value;
    else faults.push(`${name}_FILE must name a file that holds the secret: ${path} ${read.fault}.`);
  }
  return { environment: { ...environment, ...found }, faults };
}
