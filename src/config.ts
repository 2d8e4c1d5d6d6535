import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type AuthConfig, parseAuthConfig } from './auth/config';
import { projectPath, projectRoot } from './paths';

/** The service's configuration: the environment, validated. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  /** 0 lets the system choose a free one. */
  readonly port: number;
  /** Null: run the embedded Postgres. */
  readonly databaseUrl: string | null;
  /** For migrations, past any pooler; null: `databaseUrl`. */
  readonly databaseDirectUrl: string | null;
  readonly databasePoolMax: number;
  readonly databaseAcquireTimeoutMs: number;
  readonly databaseStatementTimeoutMs: number;
  readonly databasePreparedStatements: boolean;
  readonly migrateOnStart: boolean;
  readonly auth: AuthConfig;
  /** What the operator should know of it, though nothing is wrong. */
  readonly notices: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly logLevel: string;
  /** Absolute; holds the embedded Postgres and the development secret. */
  readonly dataDir: string;
  readonly maxBodyBytes: number;
  readonly invalidResponses: 'reject' | 'report';
  /** Milliseconds that requests in flight have to finish when the service stops. */
  readonly shutdownTimeoutMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const integer = (least: number, most: number, fallback: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`))
    .default(fallback);

const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((value) => value === 'true');

const postgresUrl = z
  .string()
  .refine((value) => /^postgres(ql)?:$/.test(URL.parse(value)?.protocol ?? ''), 'must be a postgres:// URL');

const origin = z
  .string()
  .refine((value) => URL.parse(value)?.origin === value, 'must hold origins such as https://app.example.com');

const variables = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(0, 65_535, 8000),
  DATABASE_URL: postgresUrl.optional(),
  NEON_DATABASE_URL: postgresUrl.optional(),
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  DATABASE_POOL_MAX: integer(1, 1_000, 10),
  DATABASE_ACQUIRE_TIMEOUT_MS: integer(1, 600_000, 5_000),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(1, 600_000, 10_000),
  DATABASE_PREPARED_STATEMENTS: flag.default(true),
  MIGRATE_ON_START: flag.optional(),
  CORS_ORIGINS: z
    .string()
    .transform((value) => value.split(',').map((each) => each.trim()))
    .pipe(z.array(origin))
    .default([]),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace, silent',
    })
    .default('info'),
  DATA_DIR: z.string().default('.data'),
  MAX_BODY_BYTES: integer(1, 100 * 1024 * 1024, 100 * 1024),
  INVALID_RESPONSES: z.enum(['reject', 'report'], { error: 'must be reject or report' }).default('reject'),
  SHUTDOWN_TIMEOUT_MS: integer(0, 600_000, 10_000),
});

/** An environment that the service can't start with; its message lists every fault. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(['The configuration has faults:', ...faults.map((fault) => `  - ${fault}`)].join('\n'));
  }
}

/** The variables of `.env` under those of the process; empty ones count as absent. */
export function readEnvironment(): Environment {
  const file = projectPath('.env');
  if (existsSync(file)) process.loadEnvFile(file);
  return process.env;
}

/** The absolute path of the data directory; a relative one starts at the project's root. */
function dataDirectory(value: string): string {
  return resolve(projectRoot, value);
}

/** The development secret that `dataDir` keeps; made at first use, never in production. */
export function developmentSecret(dataDir: string): string {
  const file = join(dataDir, 'development-secret');
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8');
}

/**
 * Validates the environment.
 * @throws ConfigError with every fault.
 */
export function parseConfig(environment: Environment): Config {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = variables.safeParse(present);
  const faults = result.success
    ? []
    : result.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}.`);

  const production = present.NODE_ENV === 'production';
  const dataDir = dataDirectory(present.DATA_DIR ?? '.data');
  const auth = parseAuthConfig(present, {
    production,
    ...(!production && { developmentSecret: developmentSecret(dataDir) }),
  });
  faults.push(...auth.faults);
  if (production && !present.DATABASE_URL && !present.NEON_DATABASE_URL) {
    faults.push('DATABASE_URL must be set in production.');
  }
  if (!result.success || !auth.config || faults.length > 0) throw new ConfigError(faults);

  const values = result.data;
  const databaseUrl = values.DATABASE_URL ?? values.NEON_DATABASE_URL ?? null;
  return Object.freeze({
    production,
    host: values.HOST,
    port: values.PORT,
    databaseUrl,
    databaseDirectUrl: values.DATABASE_DIRECT_URL ?? null,
    databasePoolMax: values.DATABASE_POOL_MAX,
    databaseAcquireTimeoutMs: values.DATABASE_ACQUIRE_TIMEOUT_MS,
    databaseStatementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_MS,
    databasePreparedStatements: values.DATABASE_PREPARED_STATEMENTS,
    migrateOnStart: values.MIGRATE_ON_START ?? databaseUrl === null,
    auth: auth.config,
    notices: auth.notices,
    corsOrigins: values.CORS_ORIGINS,
    logLevel: values.LOG_LEVEL,
    dataDir,
    maxBodyBytes: values.MAX_BODY_BYTES,
    invalidResponses: values.INVALID_RESPONSES,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
  });
}
