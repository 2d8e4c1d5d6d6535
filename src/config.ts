import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { EventSettings } from './features/events/hub';
import { type AuthConfig, parseAuthConfig, readAccountNames } from './platform/auth/config';
import { AddressError, readBrokerAddress } from './platform/brokers/address';
import { type BrokerOptions, saslMechanisms } from './platform/brokers/broker';
import type { SpoolSettings } from './platform/contract/bodies/spool';
import type { AccountSettings } from './platform/database/accounts';
import { poolDefaults } from './platform/database/pool';
import type { Amounts } from './platform/database/quotas';
import { defaultAppRole, defaultSystemRole } from './platform/database/roles';
import { readTls, TlsError } from './platform/database/tls';
import type { RateLimits } from './platform/edge/rate-limit';
import type { SheddingBounds } from './platform/edge/shedding';
import type { WriteLimits } from './platform/edge/write-limits';
import { type JobName, jobNames, readJobs } from './platform/jobs/names';
import type { MetricsAddress } from './platform/observability/metrics/server';
import type { TracingConfig } from './platform/observability/tracing/tracing';
import { projectPath } from './platform/paths';
import { databaseSecretNames, type Environment, readSecretFiles, secretNames } from './platform/secret-files';

/** The settings for sending events to webhooks. */
export interface WebhookConfig {
  /** Hosts, optionally with a port, to which `http` and private addresses are allowed. */
  readonly allowedHosts: readonly string[];
  /** Milliseconds between two polls for deliveries that are due. */
  readonly intervalMs: number;
  /** Milliseconds within which a receiver must answer. */
  readonly timeoutMs: number;
  /** The maximum number of webhooks to which an instance sends at the same time. */
  readonly concurrency: number;
  /** The maximum number of messages per second from an instance to one host. */
  readonly hostRate: number;
}

/** The settings for publishing events to a broker. */
export interface BrokerConfig extends BrokerOptions {
  /** Milliseconds between two searches for events that wait. */
  readonly intervalMs: number;
  /** Whether changes that are older than the first start with a broker are published too. */
  readonly withHistory: boolean;
}

/** The service's configuration: the validated environment. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
  /** The service's address as clients see it; null: the address that it listens on. */
  readonly publicUrl: string | null;
  /** The number of processes that answer requests. With more than one, a primary process starts them. */
  readonly processes: number;
  /** Milliseconds within which a client must send its headers, and a whole request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly writes: WriteLimits;
  /** Null: use the embedded Postgres. */
  readonly databaseUrl: string | null;
  /** A direct connection for migrations; null: `databaseUrl`. */
  readonly databaseDirectUrl: string | null;
  /** A replica for reads; null if there is none. */
  readonly databaseReplicaUrl: string | null;
  /** The app role: transactions of lanes run as it. */
  readonly databaseAppRole: string;
  /** The system role: work across lanes runs as it. */
  readonly databaseSystemRole: string;
  /** The maximum number of connections of one process. */
  readonly databasePoolMax: number;
  /** The maximum number of connections that one user can use. It is never more than half of the pool. */
  readonly databaseConnectionsPerUser: number;
  /** Milliseconds after which a connection is replaced. */
  readonly databaseConnectionLifetimeMs: number;
  readonly databaseAcquireTimeoutMs: number;
  readonly databaseStatementTimeoutMs: number;
  /** Milliseconds after which the service aborts a transaction. */
  readonly databaseTransactionTimeoutMs: number;
  /** Milliseconds that a search may spend on typo tolerance. */
  readonly searchTypoTimeoutMs: number;
  readonly databasePreparedStatements: boolean;
  readonly migrateOnStart: boolean;
  readonly webhooks: WebhookConfig;
  /** Null: events are published to no broker. */
  readonly broker: BrokerConfig | null;
  /** The background jobs that this instance runs. */
  readonly jobs: readonly JobName[];
  /** While nobody uses the service: the milliseconds between two looks of the background jobs. */
  readonly jobsIdleMs: number;
  /** Days that deleted tasks stay in the trash. */
  readonly trashRetentionDays: number;
  readonly auth: AuthConfig;
  /** The account link that migrating makes. */
  readonly accounts: AccountSettings;
  /** Notices for the operator that are not errors. */
  readonly notices: readonly string[];
  /** Exact origins, and origins with `*` for one label of the host (`https://*.preview.example.com`). */
  readonly corsOrigins: readonly string[];
  /** Null: no limits. */
  readonly rateLimits: RateLimits | null;
  readonly events: EventSettings;
  /** The maximum number of rows of each kind in a lane. */
  readonly quotas: Amounts;
  /** The minimum number of days for which changes and idempotency keys are kept. */
  readonly changesRetentionDays: number;
  /** Null: each process counts separately. */
  readonly redisUrl: string | null;
  /** How instances tell each other of writes. */
  readonly wakeUps: 'redis' | 'postgres' | 'off';
  /** The number of proxies in front of the service, or their addresses and networks. */
  readonly trustProxy: number | readonly string[];
  readonly logLevel: string;
  /** An absolute path. Contains the embedded Postgres and the development secret. */
  readonly dataDir: string;
  /** An absolute path. Contains the documentation site if it is built. */
  readonly docsDir: string;
  readonly maxBodyBytes: number;
  /** Limits and directory of files for imports. */
  readonly imports: SpoolSettings;
  /** Whether changes of entities that have an ETag require `If-Match`. */
  readonly requireIfMatch: boolean;
  /** The bounds above which requests are refused; null: never. */
  readonly shedding: SheddingBounds | null;
  /** Null: no traces are sent. */
  readonly tracing: TracingConfig | null;
  /** Where the metrics are served. */
  readonly metrics: MetricsAddress;
  readonly invalidResponses: 'reject' | 'report';
  /** Milliseconds between the signal to stop, when readiness begins to fail, and the end of accepting requests. */
  readonly shutdownDelayMs: number;
  /** Milliseconds after that delay within which running requests must finish. */
  readonly shutdownTimeoutMs: number;
}

/** The part of the configuration for the scripts that work on the database. */
export type DatabaseConfig = Pick<
  Config,
  | 'databaseUrl'
  | 'databaseDirectUrl'
  | 'databaseReplicaUrl'
  | 'databaseAppRole'
  | 'databaseSystemRole'
  | 'databasePoolMax'
  | 'processes'
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

/** A URL with one of the protocols and valid TLS parameters. */
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

const postgresUrl = urlOf(
  /^postgres(ql)?:$/,
  'must be a postgres:// URL; in a password, encode characters such as # (%23) and / (%2F)',
);

// `*` matches one label of the host. At least two other labels must follow.
const originPattern = /^https?:\/\/\*(\.[a-z0-9-]+){2,}(:\d+)?$/;

function isOrigin(value: string): boolean {
  return value.includes('*') ? originPattern.test(value) : URL.parse(value)?.origin === value;
}

// Postgres changes capitals in a name without quotes to lower case. It reserves `none`, `public` and `pg_…`.
const roleName = z
  .string()
  .regex(
    /^(?!pg_|(?:none|public)$)[a-z_][a-z0-9_]{0,62}$/,
    'must be a role name of at most 63 lower-case letters, digits and _, and not none, public or a name that begins with pg_',
  );

const origin = z
  .string()
  .refine(isOrigin, 'must contain origins such as https://app.example.com or https://*.preview.example.com');

/** Whether a value is a host in the spelling of URLs, optionally with a port. */
function isHost(value: string): boolean {
  // A URL omits the default port of its scheme.
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

const urlWithoutSlash = 'must be an http(s):// URL without a slash at its end';
const isBaseUrl = (value: string) => /^https?:\/\/[^?#]*[^/?#]$/.test(value) && URL.canParse(value);

// Values are percent-encoded (OpenTelemetry Protocol Exporter).
function readHeader(text: string): [name: string, value: string] | undefined {
  const [, name, value] = /^([\w-]+)=([\x20-\x7e]+)$/.exec(text) ?? [];
  try {
    return name !== undefined && value !== undefined ? [name, decodeURIComponent(value)] : undefined;
  } catch {
    return undefined;
  }
}

const variables = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(0, 65_535, 8000),
  PUBLIC_URL: z.string().refine(isBaseUrl, urlWithoutSlash).optional(),
  WEB_CONCURRENCY: integer(1, 128, 1),
  HEADERS_TIMEOUT_MS: integer(1, 600_000, 10_000),
  REQUEST_TIMEOUT_MS: integer(1, 3_600_000, 60_000),
  WRITE_TIMEOUT_MS: integer(1, 3_600_000, 30_000),
  // The largest response that is not streamed is a full page of the longest tasks: about 24 MB.
  WRITE_MAX_BYTES: integer(65_536, 4 * 1024 ** 3, 32 * 1024 ** 2),
  WRITE_MAX_TOTAL_BYTES: integer(65_536, 64 * 1024 ** 3, 128 * 1024 ** 2),
  DATABASE_URL: postgresUrl.optional(),
  NEON_DATABASE_URL: postgresUrl.optional(),
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  DATABASE_REPLICA_URL: postgresUrl.optional(),
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
  BROKER_URL: z
    .string()
    .transform((value, context) => {
      try {
        return readBrokerAddress(value);
      } catch (error) {
        if (!(error instanceof AddressError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
        return z.NEVER;
      }
    })
    .optional(),
  BROKER_TOPIC: z
    .string()
    .regex(
      /^[\w-]{1,50}(?:\.[\w-]{1,50}){0,3}$/,
      'must have at most four parts of 50 letters, digits, _ and -, separated by dots',
    )
    .default('tasklane'),
  BROKER_SASL_MECHANISM: z
    .enum(saslMechanisms, { error: `must be one of ${saslMechanisms.join(', ')}` })
    .default('SCRAM-SHA-512'),
  BROKER_CREDENTIALS: z
    .string()
    .regex(/-----BEGIN NATS USER JWT-----/, 'must be the content of a credentials file of NATS')
    .optional(),
  BROKER_START: z.enum(['now', 'oldest'], { error: 'must be now or oldest' }).default('now'),
  BROKER_INTERVAL_MS: integer(10, 3_600_000, 1_000),
  JOBS: z
    .string()
    .transform((value, context) => {
      const { jobs, unknown } = readJobs(value);
      if (unknown.length === 0) return jobs;
      const message = `must be all, none, or jobs separated by commas, not ${unknown.join(', ')}. The jobs are ${jobNames.join(', ')}`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .default(jobNames),
  JOBS_IDLE_MS: integer(10, 86_400_000, 3_600_000),
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
  QUOTA_STORAGE_BYTES: integer(1_000_000, 1_000_000_000_000, 500_000_000),
  CHANGES_RETENTION_DAYS: integer(1, 36_500, 90),
  EVENTS_POLL_MS: integer(10, 60_000, 500),
  EVENTS_IDLE_POLL_MS: integer(10, 86_400_000, 5_000),
  WAKE_UPS: z.enum(['redis', 'postgres', 'off'], { error: 'must be redis, postgres or off' }).optional(),
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
  DOCS_DIR: z.string().optional(),
  // The longest task of the contract must fit, and JSON can need twelve bytes for a character (two `\u` escapes).
  MAX_BODY_BYTES: integer(1, 100 * 1024 * 1024, 256 * 1024),
  // About 50,000 tasks as JSON. Reading them takes several times as much memory.
  IMPORT_MAX_BYTES: integer(1, 4 * 1024 ** 3, 256 * 1024 ** 2),
  IMPORT_TOTAL_BYTES: integer(1, 1024 ** 4, 1024 ** 3),
  IMPORT_CONCURRENCY: integer(1, 100, 2),
  IMPORT_WAIT_MS: integer(0, 600_000, 30_000),
  IMPORT_BYTES_PER_SECOND: integer(1, 1024 ** 3, 8_192),
  IMPORT_PATIENCE_MS: integer(100, 600_000, 10_000),
  IMPORT_DIR: z.string().optional(),
  REQUIRE_IF_MATCH: flag.default(false),
  SHEDDING: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  SHEDDING_EVENT_LOOP_MS: integer(10, 60_000, 200),
  SHEDDING_POOL_WAIT_MS: integer(10, 60_000, 150),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().refine(isBaseUrl, urlWithoutSlash).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .transform((value) => value.split(',').map((each) => readHeader(each.trim())))
    .refine((each) => !each.includes(undefined), 'must contain headers such as api-key=secret')
    .transform((each) => Object.fromEntries(each.filter((header) => header !== undefined)))
    .default({}),
  OTEL_SERVICE_NAME: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'must have at most 100 letters, digits, _, . and -')
    .default('tasklane'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(?:0(?:\.\d+)?|1(?:\.0+)?)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(1),
  METRICS_HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: integer(0, 65_535, 0).unwrap().optional(),
  INVALID_RESPONSES: z.enum(['reject', 'report'], { error: 'must be reject or report' }).default('reject'),
  SHUTDOWN_DELAY_MS: integer(0, 600_000, 0),
  SHUTDOWN_TIMEOUT_MS: integer(0, 600_000, 10_000),
});

/** The environment is not valid. The message lists all errors. */
export class ConfigError extends Error {
  constructor(readonly errors: readonly string[]) {
    super(['The configuration is invalid:', ...errors.map((error) => `  - ${error}`)].join('\n'));
  }
}

/** The variables of the process, and of `.env` in the working directory if the process does not have them. */
export function readEnvironment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

/** An embedded Postgres has one instance. */
function defaultWakeUps(redisUrl: string | undefined, databaseUrl: string | null): Config['wakeUps'] {
  if (redisUrl !== undefined) return 'redis';
  return databaseUrl === null ? 'off' : 'postgres';
}

/** The frontends on the developer's machine, at all ports. They can call the service except in production. */
const localFrontends = 'http://localhost:*';

/** The development secret in `dataDir`; created at first use, never in production. */
export function developmentSecret(dataDir: string): string {
  const file = join(dataDir, 'development-secret');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    // The file is written under another name and then linked, so that it is complete even if another process starts at
    // the same time or this one is killed.
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

/** The settings of the account link. Lanes are linked only if tokens contain the id of the account. */
function readAccounts(
  userTable: string | undefined,
  { tables, userIdClaim }: Pick<AuthConfig, 'userIdClaim' | 'tables'>,
): AccountSettings {
  const named = userTable !== undefined && userTable !== 'auto' && userTable !== 'off';
  const carried = userIdClaim === 'sub' || userIdClaim === 'id';
  const link = named ? 'required' : userTable === 'off' || !carried ? 'off' : 'auto';
  return { link, schema: tables.schema, table: tables.user };
}

/** Returns the variables that are set, including secrets from files, and the errors. */
function readPresent(
  environment: Environment,
  secrets: readonly string[],
): { present: Environment; errors: string[] } {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { environment: present, errors } = readSecretFiles(given, secrets);
  return { present, errors };
}

/** Whether one of the secrets is given, itself or as a file, even if the file is wrong. */
const isGiven = (present: Environment, names: readonly string[]) =>
  names.some((name) => present[name] || present[`${name}_FILE`]);

/** The validation errors of variables, as sentences. */
function issuesOf({ error }: z.ZodSafeParseResult<unknown>): string[] {
  return (error?.issues ?? []).map((issue) => `${String(issue.path[0])} ${issue.message}.`);
}

/**
 * Validates the environment.
 * @throws ConfigError with all errors
 */
export function parseConfig(environment: Environment): Config {
  const { present, errors } = readPresent(environment, secretNames);
  const result = variables.safeParse(present);
  errors.push(...issuesOf(result));

  const production = present.NODE_ENV === 'production';
  const dataDir = resolve(present.DATA_DIR ?? '.data');
  const auth = parseAuthConfig(present, {
    production,
    ...(!production && { developmentSecret: () => developmentSecret(dataDir) }),
  });
  errors.push(...auth.errors);
  if (production && !isGiven(present, ['DATABASE_URL', 'NEON_DATABASE_URL'])) {
    errors.push('DATABASE_URL must be set in production.');
  }
  if (result.success && result.data.IMPORT_TOTAL_BYTES < result.data.IMPORT_MAX_BYTES) {
    errors.push('IMPORT_TOTAL_BYTES must be at least IMPORT_MAX_BYTES.');
  }
  if (result.success && result.data.WAKE_UPS === 'redis' && result.data.REDIS_URL === undefined) {
    errors.push('WAKE_UPS=redis requires REDIS_URL.');
  }
  if (result.success && result.data.METRICS_PORT === result.data.PORT && result.data.PORT !== 0) {
    errors.push('METRICS_PORT must not be PORT.');
  }
  if (result.data?.BROKER_CREDENTIALS !== undefined && result.data.BROKER_URL?.kind !== 'nats') {
    errors.push('BROKER_CREDENTIALS requires a BROKER_URL of NATS.');
  }
  if (!result.success || !auth.config || errors.length > 0) throw new ConfigError(errors);

  const values = result.data;
  const databaseUrl = values.DATABASE_URL ?? values.NEON_DATABASE_URL ?? null;
  return Object.freeze({
    production,
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL ?? null,
    processes: values.WEB_CONCURRENCY,
    headersTimeoutMs: values.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    writes: {
      writeTimeoutMs: values.WRITE_TIMEOUT_MS,
      maxWaitingBytes: values.WRITE_MAX_BYTES,
      maxTotalWaitingBytes: values.WRITE_MAX_TOTAL_BYTES,
    },
    databaseUrl,
    databaseDirectUrl: values.DATABASE_DIRECT_URL ?? null,
    databaseReplicaUrl: values.DATABASE_REPLICA_URL ?? null,
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
    broker: values.BROKER_URL
      ? {
          address: values.BROKER_URL,
          topic: values.BROKER_TOPIC,
          mechanism: values.BROKER_SASL_MECHANISM,
          credentials: values.BROKER_CREDENTIALS ?? null,
          intervalMs: values.BROKER_INTERVAL_MS,
          withHistory: values.BROKER_START === 'oldest',
        }
      : null,
    jobs: values.JOBS,
    jobsIdleMs: values.JOBS_IDLE_MS,
    trashRetentionDays: values.TRASH_RETENTION_DAYS,
    auth: auth.config,
    accounts: readAccounts(present.AUTH_USER_TABLE, auth.config),
    notices: auth.notices,
    corsOrigins: production ? values.CORS_ORIGINS : [...values.CORS_ORIGINS, localFrontends],
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
      storage: values.QUOTA_STORAGE_BYTES,
    },
    events: {
      pollMs: values.EVENTS_POLL_MS,
      idlePollMs: values.EVENTS_IDLE_POLL_MS,
      heartbeatMs: values.EVENTS_HEARTBEAT_MS,
      maxStreams: values.EVENTS_MAX_STREAMS,
      maxStreamsPerUser: values.EVENTS_MAX_STREAMS_PER_USER,
    },
    changesRetentionDays: values.CHANGES_RETENTION_DAYS,
    redisUrl: values.REDIS_URL ?? null,
    wakeUps: values.WAKE_UPS ?? defaultWakeUps(values.REDIS_URL, databaseUrl),
    trustProxy: values.TRUST_PROXY,
    logLevel: values.LOG_LEVEL,
    dataDir,
    docsDir: values.DOCS_DIR === undefined ? projectPath('docs', 'site', 'dist') : resolve(values.DOCS_DIR),
    maxBodyBytes: values.MAX_BODY_BYTES,
    imports: {
      directory: values.IMPORT_DIR === undefined ? tmpdir() : resolve(values.IMPORT_DIR),
      maxBytes: values.IMPORT_MAX_BYTES,
      maxTotalBytes: values.IMPORT_TOTAL_BYTES,
      concurrency: values.IMPORT_CONCURRENCY,
      waitMs: values.IMPORT_WAIT_MS,
      rate: { bytesPerSecond: values.IMPORT_BYTES_PER_SECOND, patienceMs: values.IMPORT_PATIENCE_MS },
    },
    requireIfMatch: values.REQUIRE_IF_MATCH,
    shedding:
      values.SHEDDING === 'off'
        ? null
        : { eventLoopMs: values.SHEDDING_EVENT_LOOP_MS, poolWaitMs: values.SHEDDING_POOL_WAIT_MS },
    tracing:
      values.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? null
        : {
            endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
            headers: values.OTEL_EXPORTER_OTLP_HEADERS,
            serviceName: values.OTEL_SERVICE_NAME,
            ratio: values.OTEL_TRACES_SAMPLER_ARG,
          },
    metrics: { host: values.METRICS_HOST, port: values.METRICS_PORT ?? null },
    invalidResponses: values.INVALID_RESPONSES,
    shutdownDelayMs: values.SHUTDOWN_DELAY_MS,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
  });
}

const databaseVariables = variables.pick({
  DATABASE_URL: true,
  NEON_DATABASE_URL: true,
  DATABASE_DIRECT_URL: true,
  DATABASE_REPLICA_URL: true,
  DATABASE_APP_ROLE: true,
  DATABASE_SYSTEM_ROLE: true,
  DATABASE_POOL_MAX: true,
  WEB_CONCURRENCY: true,
  DATABASE_ACQUIRE_TIMEOUT_MS: true,
  DATABASE_STATEMENT_TIMEOUT_MS: true,
  DATABASE_PREPARED_STATEMENTS: true,
});

/**
 * Validates the part of the environment for the scripts that work on the database. They need no secret of Better Auth,
 * also in production.
 * @throws ConfigError with all errors.
 */
export function parseDatabaseConfig(environment: Environment): DatabaseConfig {
  const { present, errors } = readPresent(environment, databaseSecretNames);
  const result = databaseVariables.safeParse(present);
  errors.push(...issuesOf(result));
  if (present.NODE_ENV === 'production' && !isGiven(present, databaseSecretNames)) {
    errors.push('DATABASE_URL or DATABASE_DIRECT_URL must be set in production.');
  }
  if (!result.success || errors.length > 0) throw new ConfigError(errors);

  const values = result.data;
  return {
    databaseUrl: values.DATABASE_URL ?? values.NEON_DATABASE_URL ?? null,
    databaseDirectUrl: values.DATABASE_DIRECT_URL ?? null,
    databaseReplicaUrl: values.DATABASE_REPLICA_URL ?? null,
    databaseAppRole: values.DATABASE_APP_ROLE,
    databaseSystemRole: values.DATABASE_SYSTEM_ROLE,
    databasePoolMax: values.DATABASE_POOL_MAX,
    processes: values.WEB_CONCURRENCY,
    databaseAcquireTimeoutMs: values.DATABASE_ACQUIRE_TIMEOUT_MS,
    databaseStatementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_MS,
    databasePreparedStatements: values.DATABASE_PREPARED_STATEMENTS,
    accounts: readAccounts(present.AUTH_USER_TABLE, readAccountNames(present)),
    dataDir: resolve(present.DATA_DIR ?? '.data'),
  };
}
