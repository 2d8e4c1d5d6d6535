import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { EventSettings } from './features/events/hub';
import { type AuthConfig, parseAuthConfig, readAccountNames } from './platform/auth/config';
import type { SpoolSettings } from './platform/contract/bodies/spool';
import type { AccountSettings } from './platform/database/accounts';
import { poolDefaults } from './platform/database/pool';
import type { Amounts } from './platform/database/quotas';
import { defaultAppRole, defaultSystemRole } from './platform/database/roles';
import { readTls, TlsError } from './platform/database/tls';
import type { RateLimits } from './platform/edge/rate-limit';
import type { WriteLimits } from './platform/edge/write-limits';
import { projectPath, projectRoot } from './platform/paths';
import {
  databaseSecretNames,
  type Environment,
  readSecretFiles,
  type SecretName,
  secretNames,
} from './platform/secret-files';

/** How events are sent to webhooks. */
export interface WebhookConfig {
  /** Hosts, some with a port, that are allowed under `http` and in private networks too. */
  readonly allowedHosts: readonly string[];
  /** Milliseconds between looks for what is due. */
  readonly intervalMs: number;
  /** Milliseconds that a receiver has to answer. */
  readonly timeoutMs: number;
  /** How many webhooks an instance sends to at once. */
  readonly concurrency: number;
  /** How many messages a second an instance sends to a host. */
  readonly hostRate: number;
}

/** The service's configuration: the environment, validated. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  /** 0 lets the system choose a free one. */
  readonly port: number;
  /** The service's address as clients know it; null: where it listens. */
  readonly publicUrl: string | null;
  /** Milliseconds that a client has to send its headers, and all of a request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly writes: WriteLimits;
  /** Null: run the embedded Postgres. */
  readonly databaseUrl: string | null;
  /** For migrations, past any pooler; null: `databaseUrl`. */
  readonly databaseDirectUrl: string | null;
  /** The role that lanes run as. */
  readonly databaseAppRole: string;
  /** The role that work across lanes runs as. */
  readonly databaseSystemRole: string;
  readonly databasePoolMax: number;
  /** How many connections one user may hold; never more than half of the pool. */
  readonly databaseConnectionsPerUser: number;
  /** Milliseconds after which a connection is replaced. */
  readonly databaseConnectionLifetimeMs: number;
  readonly databaseAcquireTimeoutMs: number;
  readonly databaseStatementTimeoutMs: number;
  /** Milliseconds after which the service gives a transaction up. */
  readonly databaseTransactionTimeoutMs: number;
  /** Milliseconds that a search may take to find words that are nearly the same. */
  readonly searchTypoTimeoutMs: number;
  readonly databasePreparedStatements: boolean;
  readonly migrateOnStart: boolean;
  readonly webhooks: WebhookConfig;
  /** Whether this instance runs the background jobs. */
  readonly jobs: boolean;
  /** How many days the trash keeps what was deleted. */
  readonly trashRetentionDays: number;
  readonly auth: AuthConfig;
  /** Better Auth's accounts, which migrating links the lanes to. */
  readonly accounts: AccountSettings;
  /** What the operator should know of it, though nothing is wrong. */
  readonly notices: readonly string[];
  /** Exact origins, and those with `*` for one label of the host (`https://*.preview.example.com`). */
  readonly corsOrigins: readonly string[];
  /** Null: no limits. */
  readonly rateLimits: RateLimits | null;
  readonly events: EventSettings;
  /** How many rows of each kind a lane may hold. */
  readonly quotas: Amounts;
  /** How long the lanes' changes are kept at least. */
  readonly changesRetentionDays: number;
  /** Null: each process counts by itself. */
  readonly redisUrl: string | null;
  /** How many proxies stand in front, or their addresses and networks. */
  readonly trustProxy: number | readonly string[];
  readonly logLevel: string;
  /** Absolute; holds the embedded Postgres and the development secret. */
  readonly dataDir: string;
  readonly maxBodyBytes: number;
  /** The files that are imported. */
  readonly imports: SpoolSettings;
  /** Whether a change of what has an ETag needs an `If-Match`. */
  readonly requireIfMatch: boolean;
  readonly invalidResponses: 'reject' | 'report';
  /** Milliseconds from the signal to stop, with which readiness fails, until no more requests are taken. */
  readonly shutdownDelayMs: number;
  /** Milliseconds that requests in flight have to finish when the service stops. */
  readonly shutdownTimeoutMs: number;
}

/** What the scripts that work on the database need of the configuration. */
export type DatabaseConfig = Pick<
  Config,
  | 'databaseUrl'
  | 'databaseDirectUrl'
  | 'databaseAppRole'
  | 'databaseSystemRole'
  | 'databaseAcquireTimeoutMs'
  | 'databaseStatementTimeoutMs'
  | 'databasePreparedStatements'
  | 'accounts'
  | 'dataDir'
>;

const integer = (least: number, most: number, fallback: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(
      z
        .number(`must be at most ${most}`)
        .min(least, `must be at least ${least}`)
        .max(most, `must be at most ${most}`),
    )
    .default(fallback);

const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((value) => value === 'true');

/** A URL of one of the protocols, with TLS parameters that can be met. */
const urlOf = (protocols: RegExp, message: string) =>
  z.string().superRefine((value, context) => {
    const url = URL.parse(value);
    if (!url || !protocols.test(url.protocol)) return void context.addIssue({ code: 'custom', message });
    try {
      readTls(url.searchParams);
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });

const postgresUrl = urlOf(/^postgres(ql)?:$/, 'must be a postgres:// URL');

// `*` stands for one label of the host, in front of at least two others.
const originPattern = /^https?:\/\/\*(\.[a-z0-9-]+){2,}(:\d+)?$/;

function isOrigin(value: string): boolean {
  return value.includes('*') ? originPattern.test(value) : URL.parse(value)?.origin === value;
}

// What Postgres folds to lower case or keeps for itself (SET ROLE, CREATE ROLE) is refused.
const roleName = z
  .string()
  .regex(
    /^(?!pg_|(?:none|public)$)[a-z_][a-z0-9_]{0,62}$/,
    'must be the name of a role: at most 63 lower-case letters, digits and _, and not pg_…, none or public',
  );

const origin = z
  .string()
  .refine(isOrigin, 'must contain origins such as https://app.example.com or https://*.preview.example.com');

/** Whether a value is a host as a URL writes it, or a host with a port. */
function isHost(value: string): boolean {
  // A scheme's own port is left out of its URLs.
  return ['http', 'https'].some((scheme) => URL.parse(`${scheme}://${value}`)?.host === value);
}

function isNetwork(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/');
  const size = isIP(address) === 6 ? 128 : 32;
  return (
    isIP(address) !== 0 && rest.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && +bits <= size))
  );
}

const proxies = z.union([
  z
    .string()
    .regex(/^\d{1,2}$/)
    .transform(Number),
  z
    .string()
    .transform((value) => value.split(',').map((each) => each.trim()))
    .refine(
      (each) => each.every(isNetwork),
      'must be the number of proxies, or their addresses and networks',
    ),
]);

const variables = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(0, 65_535, 8000),
  PUBLIC_URL: z
    .string()
    .refine(
      (value) => /^https?:\/\/[^?#]*[^/?#]$/.test(value) && URL.canParse(value),
      'must be an http(s):// URL without a slash at its end',
    )
    .optional(),
  HEADERS_TIMEOUT_MS: integer(1, 600_000, 10_000),
  REQUEST_TIMEOUT_MS: integer(1, 3_600_000, 60_000),
  WRITE_TIMEOUT_MS: integer(1, 3_600_000, 30_000),
  // The longest answer that is not streamed, a full page of the longest tasks, has some 24 MB.
  WRITE_MAX_BYTES: integer(65_536, 4 * 1024 ** 3, 32 * 1024 ** 2),
  WRITE_MAX_TOTAL_BYTES: integer(65_536, 64 * 1024 ** 3, 128 * 1024 ** 2),
  DATABASE_URL: postgresUrl.optional(),
  NEON_DATABASE_URL: postgresUrl.optional(),
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  DATABASE_APP_ROLE: roleName.default(defaultAppRole),
  DATABASE_SYSTEM_ROLE: roleName.default(defaultSystemRole),
  DATABASE_POOL_MAX: integer(1, 1_000, 10),
  DATABASE_CONNECTIONS_PER_USER: integer(1, 1_000, poolDefaults.maxPerUser),
  DATABASE_CONNECTION_LIFETIME_MS: integer(1_000, 86_400_000, poolDefaults.connectionLifetimeMs),
  DATABASE_ACQUIRE_TIMEOUT_MS: integer(1, 600_000, 5_000),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(1, 600_000, 10_000),
  DATABASE_TRANSACTION_TIMEOUT_MS: integer(1, 3_600_000, poolDefaults.transactionTimeoutMs),
  SEARCH_TYPO_TIMEOUT_MS: integer(1, 60_000, 300),
  DATABASE_PREPARED_STATEMENTS: flag.default(true),
  MIGRATE_ON_START: flag.optional(),
  WEBHOOK_ALLOWED_HOSTS: z
    .string()
    .transform((value) => value.split(',').map((each) => each.trim()))
    .refine((each) => each.every(isHost), 'must contain hosts such as localhost:3000 or hooks.example.com')
    .default([]),
  WEBHOOK_INTERVAL_MS: integer(10, 3_600_000, 1_000),
  WEBHOOK_TIMEOUT_MS: integer(100, 60_000, 15_000),
  WEBHOOK_CONCURRENCY: integer(1, 1_000, 16),
  WEBHOOK_HOST_RATE: integer(1, 100_000, 50),
  JOBS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  TRASH_RETENTION_DAYS: integer(1, 3_650, 30),
  CORS_ORIGINS: z
    .string()
    .transform((value) => value.split(',').map((each) => each.trim()))
    .pipe(z.array(origin))
    .default([]),
  RATE_LIMIT: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  RATE_LIMIT_READS: integer(1, 1_000_000, 1_200),
  RATE_LIMIT_WRITES: integer(1, 1_000_000, 1_200),
  RATE_LIMIT_ADDRESS: integer(1, 1_000_000, 6_000),
  RATE_LIMIT_FAILED_AUTH: integer(1, 1_000_000, 60),
  QUOTA_TASKS: integer(1, 10_000_000, 200_000),
  QUOTA_PROJECTS: integer(1, 1_000_000, 5_000),
  QUOTA_TAGS: integer(1, 1_000_000, 5_000),
  QUOTA_WEBHOOKS: integer(1, 1_000, 20),
  CHANGES_RETENTION_DAYS: integer(1, 36_500, 90),
  EVENTS_POLL_MS: integer(10, 60_000, 500),
  EVENTS_HEARTBEAT_MS: integer(10, 3_600_000, 15_000),
  EVENTS_MAX_STREAMS: integer(0, 1_000_000, 10_000),
  EVENTS_MAX_STREAMS_PER_USER: integer(1, 1_000, 10),
  REDIS_URL: urlOf(/^rediss?:$/, 'must be a redis:// URL').optional(),
  TRUST_PROXY: proxies.default(0),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace, silent',
    })
    .default('info'),
  DATA_DIR: z.string().default('.data'),
  // JSON may spell a character in twelve bytes: the longest task that the contract allows must fit.
  MAX_BODY_BYTES: integer(1, 100 * 1024 * 1024, 256 * 1024),
  // Some 50,000 tasks as JSON. What it takes to read them in memory is several times as much.
  IMPORT_MAX_BYTES: integer(1, 4 * 1024 ** 3, 256 * 1024 ** 2),
  IMPORT_TOTAL_BYTES: integer(1, 1024 ** 4, 1024 ** 3),
  IMPORT_CONCURRENCY: integer(1, 100, 2),
  IMPORT_WAIT_MS: integer(0, 600_000, 30_000),
  IMPORT_BYTES_PER_SECOND: integer(1, 1024 ** 3, 8_192),
  IMPORT_PATIENCE_MS: integer(100, 600_000, 10_000),
  IMPORT_DIR: z.string().optional(),
  REQUIRE_IF_MATCH: flag.default(false),
  INVALID_RESPONSES: z.enum(['reject', 'report'], { error: 'must be reject or report' }).default('reject'),
  SHUTDOWN_DELAY_MS: integer(0, 600_000, 0),
  SHUTDOWN_TIMEOUT_MS: integer(0, 600_000, 10_000),
});

/** The environment is invalid; the message lists every error. */
export class ConfigError extends Error {
  constructor(readonly errors: readonly string[]) {
    super(['The configuration is invalid:', ...errors.map((error) => `  - ${error}`)].join('\n'));
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
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    // Linked when it is whole: another process may start at the same moment, and this one may be killed.
    const own = `${file}.${process.pid}`;
    writeFileSync(own, randomBytes(32).toString('base64url'), { mode: 0o600 });
    try {
      linkSync(own, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(own);
    }
  }
  return readFileSync(file, 'utf8');
}

/** Where accounts are, and whether lanes are linked to them: only where it is their id that tokens carry. */
function readAccounts(
  userTable: string | undefined,
  { tables, userIdClaim }: Pick<AuthConfig, 'userIdClaim' | 'tables'>,
): AccountSettings {
  const named = userTable !== undefined && userTable !== 'auto' && userTable !== 'off';
  const carried = userIdClaim === 'sub' || userIdClaim === 'id';
  const link = named ? 'required' : userTable === 'off' || !carried ? 'off' : 'auto';
  return { link, schema: tables.schema, table: tables.user };
}

/** The variables that are set, with the secrets that are in files, and the errors of those. */
function readPresent(
  environment: Environment,
  secrets: readonly SecretName[],
): { present: Environment; errors: string[] } {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { environment: present, errors } = readSecretFiles(given, secrets);
  return { present, errors };
}

/** What is wrong with variables, as sentences. */
function issuesOf({ error }: z.ZodSafeParseResult<unknown>): string[] {
  return (error?.issues ?? []).map((issue) => `${String(issue.path[0])} ${issue.message}.`);
}

/**
 * Validates the environment.
 * @throws ConfigError with every fault.
 */
export function parseConfig(environment: Environment): Config {
  const { present, errors } = readPresent(environment, secretNames);
  const result = variables.safeParse(present);
  errors.push(...issuesOf(result));

  const production = present.NODE_ENV === 'production';
  const dataDir = dataDirectory(present.DATA_DIR ?? '.data');
  const auth = parseAuthConfig(present, {
    production,
    ...(!production && { developmentSecret: () => developmentSecret(dataDir) }),
  });
  errors.push(...auth.errors);
  if (production && !present.DATABASE_URL && !present.NEON_DATABASE_URL) {
    errors.push('DATABASE_URL must be set in production.');
  }
  if (result.success && result.data.IMPORT_TOTAL_BYTES < result.data.IMPORT_MAX_BYTES) {
    errors.push('IMPORT_TOTAL_BYTES must be at least IMPORT_MAX_BYTES.');
  }
  if (!result.success || !auth.config || errors.length > 0) throw new ConfigError(errors);

  const values = result.data;
  const databaseUrl = values.DATABASE_URL ?? values.NEON_DATABASE_URL ?? null;
  return Object.freeze({
    production,
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL ?? null,
    headersTimeoutMs: values.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    writes: {
      writeTimeoutMs: values.WRITE_TIMEOUT_MS,
      maxWaitingBytes: values.WRITE_MAX_BYTES,
      maxTotalWaitingBytes: values.WRITE_MAX_TOTAL_BYTES,
    },
    databaseUrl,
    databaseDirectUrl: values.DATABASE_DIRECT_URL ?? null,
    databaseAppRole: values.DATABASE_APP_ROLE,
    databaseSystemRole: values.DATABASE_SYSTEM_ROLE,
    databasePoolMax: values.DATABASE_POOL_MAX,
    databaseConnectionsPerUser: values.DATABASE_CONNECTIONS_PER_USER,
    databaseConnectionLifetimeMs: values.DATABASE_CONNECTION_LIFETIME_MS,
    databaseAcquireTimeoutMs: values.DATABASE_ACQUIRE_TIMEOUT_MS,
    databaseStatementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_MS,
    databaseTransactionTimeoutMs: values.DATABASE_TRANSACTION_TIMEOUT_MS,
    searchTypoTimeoutMs: values.SEARCH_TYPO_TIMEOUT_MS,
    databasePreparedStatements: values.DATABASE_PREPARED_STATEMENTS,
    migrateOnStart: values.MIGRATE_ON_START ?? databaseUrl === null,
    webhooks: {
      allowedHosts: values.WEBHOOK_ALLOWED_HOSTS,
      intervalMs: values.WEBHOOK_INTERVAL_MS,
      timeoutMs: values.WEBHOOK_TIMEOUT_MS,
      concurrency: values.WEBHOOK_CONCURRENCY,
      hostRate: values.WEBHOOK_HOST_RATE,
    },
    jobs: values.JOBS === 'on',
    trashRetentionDays: values.TRASH_RETENTION_DAYS,
    auth: auth.config,
    accounts: readAccounts(present.AUTH_USER_TABLE, auth.config),
    notices: auth.notices,
    corsOrigins: values.CORS_ORIGINS,
    rateLimits:
      values.RATE_LIMIT === 'off'
        ? null
        : {
            readsPerUser: values.RATE_LIMIT_READS,
            writesPerUser: values.RATE_LIMIT_WRITES,
            requestsPerAddress: values.RATE_LIMIT_ADDRESS,
            failedAuthenticationsPerAddress: values.RATE_LIMIT_FAILED_AUTH,
          },
    quotas: {
      tasks: values.QUOTA_TASKS,
      projects: values.QUOTA_PROJECTS,
      tags: values.QUOTA_TAGS,
      webhooks: values.QUOTA_WEBHOOKS,
    },
    events: {
      pollMs: values.EVENTS_POLL_MS,
      heartbeatMs: values.EVENTS_HEARTBEAT_MS,
      maxStreams: values.EVENTS_MAX_STREAMS,
      maxStreamsPerUser: values.EVENTS_MAX_STREAMS_PER_USER,
    },
    changesRetentionDays: values.CHANGES_RETENTION_DAYS,
    redisUrl: values.REDIS_URL ?? null,
    trustProxy: values.TRUST_PROXY,
    logLevel: values.LOG_LEVEL,
    dataDir,
    maxBodyBytes: values.MAX_BODY_BYTES,
    imports: {
      directory: values.IMPORT_DIR === undefined ? tmpdir() : resolve(projectRoot, values.IMPORT_DIR),
      maxBytes: values.IMPORT_MAX_BYTES,
      maxTotalBytes: values.IMPORT_TOTAL_BYTES,
      concurrency: values.IMPORT_CONCURRENCY,
      waitMs: values.IMPORT_WAIT_MS,
      rate: { bytesPerSecond: values.IMPORT_BYTES_PER_SECOND, patienceMs: values.IMPORT_PATIENCE_MS },
    },
    requireIfMatch: values.REQUIRE_IF_MATCH,
    invalidResponses: values.INVALID_RESPONSES,
    shutdownDelayMs: values.SHUTDOWN_DELAY_MS,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
  });
}

const databaseVariables = variables.pick({
  DATABASE_URL: true,
  NEON_DATABASE_URL: true,
  DATABASE_DIRECT_URL: true,
  DATABASE_APP_ROLE: true,
  DATABASE_SYSTEM_ROLE: true,
  DATABASE_ACQUIRE_TIMEOUT_MS: true,
  DATABASE_STATEMENT_TIMEOUT_MS: true,
  DATABASE_PREPARED_STATEMENTS: true,
});

/**
 * Validates the part of the environment that is about the database: its scripts need no secret of Better Auth's, in
 * production neither.
 * @throws ConfigError with every fault.
 */
export function parseDatabaseConfig(environment: Environment): DatabaseConfig {
  const { present, errors } = readPresent(environment, databaseSecretNames);
  const result = databaseVariables.safeParse(present);
  errors.push(...issuesOf(result));
  const urls = [present.DATABASE_URL, present.NEON_DATABASE_URL, present.DATABASE_DIRECT_URL];
  if (present.NODE_ENV === 'production' && !urls.some(Boolean)) {
    errors.push('DATABASE_URL or DATABASE_DIRECT_URL must be set in production.');
  }
  if (!result.success || errors.length > 0) throw new ConfigError(errors);

  const values = result.data;
  return {
    databaseUrl: values.DATABASE_URL ?? values.NEON_DATABASE_URL ?? null,
    databaseDirectUrl: values.DATABASE_DIRECT_URL ?? null,
    databaseAppRole: values.DATABASE_APP_ROLE,
    databaseSystemRole: values.DATABASE_SYSTEM_ROLE,
    databaseAcquireTimeoutMs: values.DATABASE_ACQUIRE_TIMEOUT_MS,
    databaseStatementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_MS,
    databasePreparedStatements: values.DATABASE_PREPARED_STATEMENTS,
    accounts: readAccounts(present.AUTH_USER_TABLE, readAccountNames(present)),
    dataDir: dataDirectory(present.DATA_DIR ?? '.data'),
  };
}
