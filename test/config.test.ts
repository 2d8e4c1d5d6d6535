import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError, developmentSecret, parseConfig, parseDatabaseConfig } from '../src/config';
import { jobNames } from '../src/platform/jobs/names';
import { projectPath } from '../src/platform/paths';
import { secretNames } from '../src/platform/secret-files';

const secret = 'a-secret-of-the-tests-that-is-long-enough';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tasklane-config-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

const parse = (environment: Record<string, string>) => parseConfig({ DATA_DIR: dataDir, ...environment });

function errorsOf(environment: Record<string, string>): readonly string[] {
  try {
    parse(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.errors;
    throw error;
  }
  return [];
}

/** An invalid value for each variable. */
const wrong: Record<string, string> = {
  PORT: '65536',
  PUBLIC_URL: 'tasks.example.com',
  WEB_CONCURRENCY: '0',
  HEADERS_TIMEOUT_MS: '0',
  REQUEST_TIMEOUT_MS: '-1',
  WRITE_TIMEOUT_MS: '0',
  WRITE_MAX_BYTES: '65535',
  WRITE_MAX_TOTAL_BYTES: '65535',
  DATABASE_URL: 'mysql://localhost/tasks',
  DATABASE_URL_FILE: '/nowhere/secret',
  NEON_DATABASE_URL_FILE: '/nowhere/secret',
  DATABASE_DIRECT_URL_FILE: '/nowhere/secret',
  DATABASE_REPLICA_URL_FILE: '/nowhere/secret',
  BETTER_AUTH_SECRET_FILE: '/nowhere/secret',
  BETTER_AUTH_SECRETS_FILE: '/nowhere/secret',
  REDIS_URL_FILE: '/nowhere/secret',
  BROKER_URL_FILE: '/nowhere/secret',
  BROKER_CREDENTIALS_FILE: '/nowhere/secret',
  OTEL_EXPORTER_OTLP_HEADERS_FILE: '/nowhere/secret',
  NEON_DATABASE_URL: 'localhost',
  DATABASE_DIRECT_URL: 'postgres',
  DATABASE_REPLICA_URL: 'postgres',
  DATABASE_APP_ROLE: 'Tasklane',
  DATABASE_SYSTEM_ROLE: 'Tasklane',
  DATABASE_POOL_MAX: '0',
  DATABASE_ACQUIRE_TIMEOUT_MS: '5s',
  DATABASE_STATEMENT_TIMEOUT_MS: '1.5',
  DATABASE_CONNECTIONS_PER_USER: '0',
  DATABASE_CONNECTION_LIFETIME_MS: '999',
  DATABASE_TRANSACTION_TIMEOUT_MS: '0',
  SEARCH_TYPO_TIMEOUT_MS: '0.3',
  DATABASE_PREPARED_STATEMENTS: 'yes',
  MIGRATE_ON_START: '1',
  WEBHOOK_ALLOWED_HOSTS: 'http://localhost',
  WEBHOOK_INTERVAL_MS: '9',
  WEBHOOK_TIMEOUT_MS: '99',
  WEBHOOK_CONCURRENCY: '0',
  WEBHOOK_HOST_RATE: '0',
  JOBS: 'on',
  JOBS_IDLE_MS: '9',
  TRASH_RETENTION_DAYS: '0',
  BETTER_AUTH_URL: 'http://app.example.com',
  BETTER_AUTH_SECRET: 'short',
  BETTER_AUTH_SECRETS: 'short',
  AUTH_SOURCES: 'password',
  AUTH_JWKS_URL: 'ftp://app.example.com',
  AUTH_USER_ID_CLAIM: 'email',
  AUTH_MAX_LIFETIME_SECONDS: '59',
  AUTH_CLOCK_TOLERANCE_SECONDS: '61',
  AUTH_COOKIE_PREFIX: '__Secure-better-auth',
  CORS_ORIGINS: 'app.example.com',
  QUOTA_TASKS: '0',
  QUOTA_PROJECTS: '-1',
  QUOTA_TAGS: '1000001',
  QUOTA_WEBHOOKS: 'many',
  QUOTA_STORAGE_BYTES: '999999',
  CHANGES_RETENTION_DAYS: '0',
  EVENTS_POLL_MS: '1',
  EVENTS_IDLE_POLL_MS: '1',
  EVENTS_HEARTBEAT_MS: '1',
  EVENTS_MAX_STREAMS: '-1',
  EVENTS_MAX_STREAMS_PER_USER: '0',
  RATE_LIMIT: 'true',
  RATE_LIMIT_READS: '0',
  RATE_LIMIT_WRITES: 'many',
  RATE_LIMIT_ADDRESS: '0',
  RATE_LIMIT_FAILED_AUTH: '0',
  REDIS_URL: 'http://localhost:6379',
  WAKE_UPS: 'kafka',
  BROKER_URL: 'amqp://localhost',
  BROKER_TOPIC: 'a topic',
  BROKER_SASL_MECHANISM: 'GSSAPI',
  BROKER_CREDENTIALS: 'secret',
  BROKER_START: 'never',
  BROKER_INTERVAL_MS: '1',
  TRUST_PROXY: 'localhost',
  LOG_LEVEL: 'loud',
  MAX_BODY_BYTES: '0',
  REQUIRE_IF_MATCH: 'always',
  SHEDDING: 'maybe',
  SHEDDING_EVENT_LOOP_MS: '0',
  SHEDDING_POOL_WAIT_MS: '0',
  METRICS_PORT: '65536',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318',
  OTEL_EXPORTER_OTLP_HEADERS: 'api-key',
  OTEL_SERVICE_NAME: 'two words',
  OTEL_TRACES_SAMPLER_ARG: '1.5',
  IMPORT_MAX_BYTES: '0',
  IMPORT_TOTAL_BYTES: '0',
  IMPORT_CONCURRENCY: '0',
  IMPORT_WAIT_MS: '-1',
  IMPORT_BYTES_PER_SECOND: '0',
  IMPORT_PATIENCE_MS: '99',
  INVALID_RESPONSES: 'ignore',
  SHUTDOWN_DELAY_MS: '600001',
  SHUTDOWN_TIMEOUT_MS: '600001',
};

/** Unusual values of the variables that accept any text. */
const unusual: Record<string, string> = {
  METRICS_HOST: '0.0.0.0',
  HOST: '0.0.0.0',
  AUTH_ISSUER: 'https://issuer.example.com',
  AUTH_AUDIENCE: 'https://audience.example.com',
  AUTH_READ_ONLY_ROLES: 'guest',
  AUTH_SCHEMA: 'auth',
  AUTH_SESSION_TABLE: 'sessions',
  AUTH_USER_TABLE: 'users',
  IMPORT_DIR: '/nowhere',
  DOCS_DIR: '/nowhere',
};

test('an empty environment gives the configuration for development', () => {
  const config = parse({});
  expect(config).toEqual({
    production: false,
    host: '127.0.0.1',
    port: 8000,
    publicUrl: null,
    processes: 1,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 60_000,
    writes: {
      writeTimeoutMs: 30_000,
      maxWaitingBytes: 32 * 1024 ** 2,
      maxTotalWaitingBytes: 128 * 1024 ** 2,
    },
    databaseUrl: null,
    databaseDirectUrl: null,
    databaseReplicaUrl: null,
    databaseAppRole: 'tasklane_app',
    databaseSystemRole: 'tasklane_system',
    databasePoolMax: 10,
    databaseAcquireTimeoutMs: 5_000,
    databaseStatementTimeoutMs: 10_000,
    databaseConnectionsPerUser: 4,
    databaseConnectionLifetimeMs: 300_000,
    databaseTransactionTimeoutMs: 30_000,
    searchTypoTimeoutMs: 300,
    databasePreparedStatements: true,
    migrateOnStart: true,
    webhooks: { allowedHosts: [], intervalMs: 1_000, timeoutMs: 15_000, concurrency: 16, hostRate: 50 },
    broker: null,
    jobs: jobNames,
    jobsIdleMs: 3_600_000,
    trashRetentionDays: 30,
    auth: {
      sources: ['secret'],
      secrets: [developmentSecret(dataDir)],
      keySetUrl: null,
      issuer: null,
      audience: null,
      authorizationServer: null,
      cookieIssuer: null,
      userIdClaim: 'sub',
      readOnlyRoles: ['read-only'],
      maxLifetimeSeconds: 30 * 24 * 60 * 60,
      clockToleranceSeconds: 5,
      cookiePrefixes: ['__Secure-better-auth', 'better-auth'],
      tables: { schema: 'public', session: 'session', user: 'user' },
    },
    accounts: { link: 'auto', schema: 'public', table: 'user' },
    notices: [expect.stringContaining('development secret')],
    corsOrigins: ['http://localhost:*'],
    rateLimits: {
      readsPerUser: 1_200,
      writesPerUser: 1_200,
      requestsPerAddress: 6_000,
      failedAuthenticationsPerAddress: 60,
    },
    quotas: { tasks: 200_000, projects: 5_000, tags: 5_000, webhooks: 20, storage: 500_000_000 },
    changesRetentionDays: 90,
    events: {
      pollMs: 500,
      idlePollMs: 5_000,
      heartbeatMs: 15_000,
      maxStreams: 10_000,
      maxStreamsPerUser: 10,
    },
    redisUrl: null,
    wakeUps: 'off',
    trustProxy: 0,
    logLevel: 'info',
    dataDir,
    docsDir: projectPath('docs', 'site', 'dist'),
    maxBodyBytes: 262_144,
    imports: {
      directory: tmpdir(),
      maxBytes: 268_435_456,
      maxTotalBytes: 1_073_741_824,
      concurrency: 2,
      waitMs: 30_000,
      rate: { bytesPerSecond: 8_192, patienceMs: 10_000 },
    },
    requireIfMatch: false,
    shedding: { eventLoopMs: 200, poolWaitMs: 150 },
    tracing: null,
    metrics: { host: '127.0.0.1', port: null },
    invalidResponses: 'reject',
    shutdownDelayMs: 0,
    shutdownTimeoutMs: 10_000,
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('the data directory is in the project unless it is absolute', () => {
  const environment = {
    BETTER_AUTH_SECRET: secret,
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://db/tasks',
  };
  expect(parseConfig(environment).dataDir).toBe(projectPath('.data'));
  expect(parseConfig({ ...environment, DATA_DIR: 'data/dir' }).dataDir).toBe(projectPath('data', 'dir'));
  expect(parse(environment).dataDir).toBe(dataDir);
});

test.each(Object.entries(wrong))('%s rejects %s', (name, value) => {
  // Errors that follow from it are reported as well.
  const own = errorsOf({ [name]: value }).filter((error) => error.startsWith(`${name} `));
  expect(own).toEqual([expect.stringMatching(/^\S+ (must|repeats|is) .*\.$/)]);
});

test.each([
  ['PORT', '0'],
  ['PORT', '65535'],
  ['DATABASE_URL', 'postgresql://user:p%40ss@[::1]:5432/tasks?sslmode=require'],
  ['DATABASE_POOL_MAX', '1'],
  ['SHUTDOWN_TIMEOUT_MS', '0'],
  ['CORS_ORIGINS', 'https://app.example.com, http://localhost:3000 ,https://*.preview.example.com'],
  ['WEBHOOK_ALLOWED_HOSTS', 'localhost:80, 127.0.0.1:443,[::1]:8080 ,hooks.example.com:8443'],
  ['TRUST_PROXY', '2'],
  ['TRUST_PROXY', '10.0.0.0/8, ::1, fd00::/8'],
  ['REDIS_URL', 'rediss://:password@redis.example.com:6380/1'],
  ['BROKER_URL', 'kafka://user:p%40ss@kafka-1:9092,kafka-2:9092?sslmode=verify-full'],
  ['BROKER_TOPIC', 'acme.tasklane_events-1'],
  ['PUBLIC_URL', 'https://tasks.example.com/v1'],
])('%s accepts %s', (name, value) => {
  expect(errorsOf({ [name]: value })).toEqual([]);
});

test.each([
  ['PORT', '-1'],
  ['PORT', '80 '],
  ['PORT', '0x50'],
  ['PORT', '8e3'],
  ['PORT', '8000.0'],
  ['PORT', ' '],
  ['PUBLIC_URL', 'https://tasks.example.com/'],
  ['DATABASE_URL', 'https://db.example.com'],
  ['DATABASE_URL', 'postgres'],
  ['DATABASE_APP_ROLE', 'pg_tasklane'],
  ['DATABASE_APP_ROLE', 'none'],
  ['DATABASE_APP_ROLE', 'x'.repeat(64)],
  ['DATABASE_PREPARED_STATEMENTS', 'TRUE'],
  ['CORS_ORIGINS', '*'],
  ['CORS_ORIGINS', 'null'],
  ['CORS_ORIGINS', 'https://*'],
  ['CORS_ORIGINS', 'https://*.com'],
  ['CORS_ORIGINS', 'https://app.example.com/'],
  ['CORS_ORIGINS', 'https://app.example.com,'],
  ['CORS_ORIGINS', 'HTTPS://app.example.com'],
  ['TRUST_PROXY', '100'],
  ['TRUST_PROXY', 'true'],
  ['TRUST_PROXY', '10.0.0.0/33'],
  ['TRUST_PROXY', '10.0.0.0/8/8'],
  ['WEBHOOK_ALLOWED_HOSTS', 'localhost/'],
  ['WEBHOOK_ALLOWED_HOSTS', 'localhost,'],
  ['WEBHOOK_ALLOWED_HOSTS', 'user@localhost'],
  ['WEBHOOK_ALLOWED_HOSTS', 'Localhost'],
  ['LOG_LEVEL', 'INFO'],
  ['MAX_BODY_BYTES', '1mb'],
])('%s rejects %s, and names the valid values', (name, value) => {
  const errors = errorsOf({ [name]: value });
  expect(errors).toEqual([expect.stringMatching(/^\S+ must .*\.$/)]);
  expect(errors[0]?.startsWith(`${name} `)).toBe(true);
});

test('a number that JavaScript reads as infinite is too large', () => {
  expect(errorsOf({ PORT: '9'.repeat(309) })).toEqual(['PORT must be at most 65535.']);
});

test('the limit of all imports together can equal the limit of one import', () => {
  const sizes = { IMPORT_MAX_BYTES: '2000', IMPORT_TOTAL_BYTES: '1999' };
  expect(errorsOf(sizes)).toEqual(['IMPORT_TOTAL_BYTES must be at least IMPORT_MAX_BYTES.']);
  expect(errorsOf({ ...sizes, IMPORT_TOTAL_BYTES: '2000' })).toEqual([]);
});

test('the receiver of traces can have headers with encoded values', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com/base' };
  expect(parse({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b=, x=1' }).tracing).toEqual({
    endpoint: 'https://otlp.example.com/base',
    headers: { 'api-key': 'a b=', x: '1' },
    serviceName: 'tasklane',
    ratio: 1,
  });
  for (const headers of ['api-key=%ff', '=1', 'a=1,,']) {
    expect(errorsOf({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers })).toEqual([
      'OTEL_EXPORTER_OTLP_HEADERS must contain headers such as api-key=secret.',
    ]);
  }
});

test('JOBS names jobs, or all, or none', () => {
  expect(parse({ JOBS: 'all' }).jobs).toEqual(jobNames);
  expect(parse({ JOBS: 'none' }).jobs).toEqual([]);
  expect(parse({ JOBS: 'webhooks, reminders,webhooks' }).jobs).toEqual(['webhooks', 'reminders']);
  expect(errorsOf({ JOBS: 'webhooks,mail,' })).toEqual([
    `JOBS must be all, none, or jobs separated by commas, not mail, . The jobs are ${jobNames.join(', ')}.`,
  ]);
});

test('the metrics have a port of their own', () => {
  expect(errorsOf({ PORT: '8000', METRICS_PORT: '8000' })).toEqual(['METRICS_PORT must not be PORT.']);
  expect(errorsOf({ PORT: '0', METRICS_PORT: '0' })).toEqual([]);
  expect(parse({ METRICS_PORT: '9464' }).metrics).toEqual({ host: '127.0.0.1', port: 9464 });
});

test('all errors are reported at once', () => {
  const named = new Set(errorsOf(wrong).map((error) => error.split(' ')[0]));
  expect(Object.keys(wrong).filter((name) => !named.has(name))).toEqual([]);
  try {
    parse(wrong);
  } catch (error) {
    const lines = (error as ConfigError).message.split('\n');
    expect(lines[0]).toBe('The configuration is invalid:');
    expect(lines.slice(1)).toEqual(errorsOf(wrong).map((error) => `  - ${error}`));
  }
});

test('no error message shows the value of a secret', () => {
  const environment = {
    DATABASE_URL: 'mysql://user:hunter2-hunter2@db/tasks',
    REDIS_URL: 'http://:hunter2-hunter2@redis',
    BROKER_URL: 'kafka://user:hunter2-hunter2@',
    BROKER_CREDENTIALS: 'hunter2-hunter2',
    BETTER_AUTH_SECRET: 'hunter2-hunter2',
    BETTER_AUTH_URL: 'https://user:hunter2-hunter2@app.example.com',
  };
  expect(errorsOf(environment)).toHaveLength(6);
  expect(errorsOf(environment).join()).not.toContain('hunter2');
});

test('an empty variable counts as absent', () => {
  const empty = Object.fromEntries(
    [...Object.keys(wrong), ...Object.keys(unusual)].map((name) => [name, '']),
  );
  expect(parse({ ...empty, DATA_DIR: dataDir, NODE_ENV: '' })).toEqual(parse({}));
});

describe('the database', () => {
  const [one, other] = ['postgres://one/tasks', 'postgres://other/tasks'];

  test('has two variables, and the first one wins', () => {
    expect(parse({ DATABASE_URL: one }).databaseUrl).toBe(one);
    expect(parse({ NEON_DATABASE_URL: other }).databaseUrl).toBe(other);
    expect(parse({ DATABASE_URL: one, NEON_DATABASE_URL: other }).databaseUrl).toBe(one);
    expect(parse({ DATABASE_URL: '', NEON_DATABASE_URL: other }).databaseUrl).toBe(other);
  });

  test('is migrated at the start only if it is embedded or if that is configured', () => {
    expect(parse({}).migrateOnStart).toBe(true);
    expect(parse({ MIGRATE_ON_START: 'false' }).migrateOnStart).toBe(false);
    expect(parse({ NEON_DATABASE_URL: one }).migrateOnStart).toBe(false);
    expect(parse({ DATABASE_URL: one, MIGRATE_ON_START: 'true' }).migrateOnStart).toBe(true);
  });
});

describe('production', () => {
  test('requires a database and a source of identities, and creates no secret', () => {
    expect(errorsOf({ NODE_ENV: 'production' })).toEqual([
      expect.stringContaining('BETTER_AUTH_SECRET'),
      'DATABASE_URL must be set in production.',
    ]);
    expect(readdirSync(dataDir)).toEqual([]);
    // A file that cannot be read is the only problem with the database.
    expect(errorsOf({ NODE_ENV: 'production', DATABASE_URL_FILE: '/nowhere/secret' })).toEqual([
      expect.stringContaining('DATABASE_URL_FILE must name a file'),
      expect.stringContaining('BETTER_AUTH_SECRET'),
    ]);
  });

  test.each([
    { DATABASE_URL: 'postgres://db/tasks', BETTER_AUTH_SECRET: secret },
    { NEON_DATABASE_URL: 'postgres://db/tasks', BETTER_AUTH_URL: 'https://app.example.com' },
  ])('accepts %j', (environment) => {
    expect(parse({ NODE_ENV: 'production', ...environment })).toMatchObject({ production: true });
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

describe('the development secret', () => {
  test('is created once with 32 bytes in a file that only its owner can read', () => {
    const nested = join(dataDir, 'not', 'there', 'yet');
    const made = developmentSecret(nested);
    expect(Buffer.from(made, 'base64url')).toHaveLength(32);
    expect(developmentSecret(nested)).toBe(made);
    expect(statSync(join(nested, 'development-secret')).mode & 0o777).toBe(0o600);
    expect(readdirSync(nested)).toEqual(['development-secret']);
    expect(developmentSecret(dataDir)).not.toBe(made);
  });

  test('is not used if a secret is configured', () => {
    expect(parse({ BETTER_AUTH_SECRET: secret }).auth.secrets).toEqual([secret]);
  });
});

describe('the channel of wake-ups', () => {
  test('is Redis if there is one, otherwise Postgres, unless it is embedded', () => {
    const channelOf = (environment: Record<string, string>) => parse(environment).wakeUps;
    expect(channelOf({})).toBe('off');
    expect(channelOf({ DATABASE_URL: 'postgres://db/tasks' })).toBe('postgres');
    expect(channelOf({ DATABASE_URL: 'postgres://db/tasks', REDIS_URL: 'redis://cache' })).toBe('redis');
    expect(channelOf({ REDIS_URL: 'redis://cache', WAKE_UPS: 'off' })).toBe('off');
  });

  test('cannot be Redis without REDIS_URL', () => {
    expect(errorsOf({ WAKE_UPS: 'redis' })).toEqual(['WAKE_UPS=redis requires REDIS_URL.']);
  });
});

describe('a secret in a file', () => {
  const keep = async (text: string): Promise<string> => {
    const file = join(dataDir, 'a-secret');
    await writeFile(file, text);
    return file;
  };

  test.each(['', '\n', '\r\n', '\n\n'])('is read without the line break at its end: %j', async (end) => {
    const file = await keep(`${secret}${end}`);
    expect(parse({ BETTER_AUTH_SECRET_FILE: file }).auth.secrets).toEqual([secret]);
  });

  test.each([
    ['DATABASE_URL', 'databaseUrl', 'postgres://db/tasks'],
    ['NEON_DATABASE_URL', 'databaseUrl', 'postgres://db/tasks'],
    ['DATABASE_DIRECT_URL', 'databaseDirectUrl', 'postgres://db/tasks'],
    ['DATABASE_REPLICA_URL', 'databaseReplicaUrl', 'postgres://db/tasks'],
    ['REDIS_URL', 'redisUrl', 'redis://cache'],
  ] as const)('is accepted for %s', async (name, member, value) => {
    expect(parse({ [`${name}_FILE`]: await keep(`${value}\n`) })[member]).toBe(value);
  });

  test.each(secretNames)('is an error if %s is set too', async (name) => {
    const errors = errorsOf({ [`${name}_FILE`]: await keep('a'), [name]: 'b' });
    expect(errors).toContain(`${name}_FILE and ${name} must not both be set.`);
  });

  test('is an error without its text if it is empty, too large or a directory', async () => {
    const error = (file: string) => errorsOf({ DATABASE_URL_FILE: file })[0];
    const start = 'DATABASE_URL_FILE must name a file that holds the secret:';
    expect(error(dataDir)).toBe(`${start} ${dataDir} is not a file.`);
    expect(error(await keep('\n'))).toMatch(/ is empty\.$/);
    expect(error(await keep('private'.repeat(10_000)))).toMatch(/ is larger than 65536 bytes\.$/);
    expect(errorsOf({ DATABASE_URL_FILE: await keep('private://') }).join()).not.toContain('private:');
  });
});

describe('the configuration of the database commands', () => {
  const parsePart = (environment: Record<string, string>) =>
    parseDatabaseConfig({ DATA_DIR: dataDir, ...environment });

  test.each([
    {},
    { DATABASE_URL: 'postgres://db/tasks', DATABASE_APP_ROLE: 'app', AUTH_USER_TABLE: 'people' },
    { NEON_DATABASE_URL: 'postgres://db/tasks', DATABASE_DIRECT_URL: 'postgres://direct/tasks' },
    { DATABASE_URL: 'postgres://db/tasks', DATABASE_REPLICA_URL: 'postgres://replica/tasks' },
    { DATABASE_URL: '', DATABASE_PREPARED_STATEMENTS: 'false', AUTH_USER_ID_CLAIM: 'id' },
  ])('is the same as in the whole configuration, with %j', (environment) => {
    expect(parse(environment as Record<string, string>)).toMatchObject(
      parsePart(environment as Record<string, string>),
    );
  });

  test.each([
    ['DATABASE_URL', 'databaseUrl'],
    ['NEON_DATABASE_URL', 'databaseUrl'],
    ['DATABASE_DIRECT_URL', 'databaseDirectUrl'],
  ] as const)('reads %s from a file, in production too', async (name, member) => {
    const file = join(dataDir, 'a-secret');
    await writeFile(file, 'postgres://db/tasks\n');
    expect(parsePart({ NODE_ENV: 'production', [`${name}_FILE`]: file })[member]).toBe('postgres://db/tasks');
  });

  test('reads no file of another secret', () => {
    const nowhere = { BETTER_AUTH_SECRET_FILE: '/nowhere/secret', REDIS_URL_FILE: '/nowhere/secret' };
    expect(parsePart(nowhere)).toEqual(parsePart({}));
  });

  test('reports all its errors', () => {
    expect(() =>
      parsePart({
        DATABASE_URL_FILE: '/nowhere/secret',
        DATABASE_DIRECT_URL: 'postgres://db/tasks?sslmode=strict',
        DATABASE_APP_ROLE: 'Tasklane',
      }),
    ).toThrow(
      /DATABASE_URL_FILE must name a file.*DATABASE_DIRECT_URL has an unknown sslmode.*DATABASE_APP_ROLE must be/s,
    );
  });
});

test.each([
  ['sslmode=strict', /^DATABASE_URL has an unknown sslmode; valid modes are /],
  ['sslmode=verify-ca', /^DATABASE_URL has sslmode=verify-ca, which requires sslrootcert .*\.$/],
  ['sslrootcert=/nowhere/ca', /^DATABASE_URL has a sslrootcert that cannot be read \(ENOENT\)\.$/],
  ['sslmode=require&sslrootcert=system', /^DATABASE_URL has sslrootcert=system, which requires /],
  ['sslmode=require&sslcert=/nowhere/crt', /^DATABASE_URL has a sslcert that cannot be read /],
])('a database URL with %s is an error', (parameters, error) => {
  const errors = errorsOf({ DATABASE_URL: `postgres://ada:private@db/tasks?${parameters}` });
  expect(errors).toEqual([expect.stringMatching(error)]);
});

describe('.env.example', () => {
  const text = readFileSync(projectPath('.env.example'), 'utf8');
  const example = parseEnv(text) as Record<string, string>;

  // Read from the sources, because a variable that is missing in a list would not be tested.
  const inSources = [
    ...readFileSync(projectPath('src', 'config.ts'), 'utf8').matchAll(/^ {2}([A-Z][A-Z_]*):/gm),
    ...readFileSync(projectPath('src', 'platform', 'auth', 'config.ts'), 'utf8').matchAll(
      /\b((?:BETTER_)?AUTH_[A-Z_]+)\b/g,
    ),
  ].map(([, name]) => name as string);
  inSources.push(...secretNames.map((name) => `${name}_FILE`));

  test('has every variable that is read, and no other', () => {
    expect(Object.keys(example).toSorted()).toEqual([...new Set(inSources)].toSorted());
  });

  test.each(Object.keys(example).filter((name) => name !== 'NODE_ENV'))('%s has an effect', (name) => {
    const value = name === 'DATA_DIR' ? join(dataDir, 'elsewhere') : (wrong[name] ?? unusual[name]);
    if (value === undefined) throw new Error(`This test has no value for ${name}.`);
    const environment = {
      DATABASE_URL: 'postgres://db/tasks',
      BETTER_AUTH_SECRET: secret,
      DATA_DIR: dataDir,
    };
    const outcome = (each: Record<string, string>) => {
      try {
        return parseConfig(each);
      } catch (error) {
        return (error as ConfigError).errors;
      }
    };
    expect(outcome({ ...environment, [name]: value })).not.toEqual(outcome(environment));
  });

  test('is the default configuration if it is copied unchanged', () => {
    const { DATA_DIR, ...rest } = example;
    expect(DATA_DIR).toBe('.data');
    expect(parse(rest)).toEqual(parse({}));
  });

  test('explains each variable in a line', () => {
    const lines = text.split('\n');
    for (const name of Object.keys(example)) {
      const at = lines.findIndex((line) => line.startsWith(`${name}=`));
      expect([name, lines[at - 1]]).toEqual([name, expect.stringMatching(/^# \S.*[.:]$/)]);
    }
  });
});

describe('.env', () => {
  let project: string;
  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'tasklane-project-'));
    await cp(projectPath('src'), join(project, 'src'), { recursive: true });
    await symlink(projectPath('node_modules'), join(project, 'node_modules'));
    await writeFile(join(project, 'package.json'), '{}');
    await writeFile(
      join(project, 'print.ts'),
      `import { parseConfig, readEnvironment } from './src/config';
       process.stdout.write(JSON.stringify(parseConfig(readEnvironment())));`,
    );
  });
  afterEach(() => rm(project, { recursive: true }));

  /** The configuration that a process of the project reads. */
  async function configOf(
    environment: Record<string, string>,
    cwd = project,
  ): Promise<Record<string, unknown>> {
    const register = projectPath('test', 'support', 'register-swc.cjs');
    const child = spawn(process.execPath, ['--require', register, join(project, 'print.ts')], {
      cwd,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    await once(child, 'close');
    return JSON.parse(text);
  }

  test('in the working directory is overridden by the environment', async () => {
    await writeFile(
      join(project, '.env'),
      `# A comment
       PORT=1234
       HOST=
       LOG_LEVEL="debug"
       export MAX_BODY_BYTES='1000' # another
       DATABASE_URL=postgres://file/tasks
       DATABASE_POOL_MAX=3
       BETTER_AUTH_SECRET=${secret}`,
    );
    const config = await configOf({ DATABASE_POOL_MAX: '4', DATABASE_URL: '', DATA_DIR: dataDir });
    expect(config).toMatchObject({
      port: 1234,
      host: '127.0.0.1',
      logLevel: 'debug',
      maxBodyBytes: 1000,
      // The environment overrides the file, and an empty variable counts as unset.
      databasePoolMax: 4,
      databaseUrl: null,
    });
  });

  test('elsewhere has no effect, also in the directory of the package', async () => {
    await writeFile(join(project, '.env'), 'PORT=1234');
    const elsewhere = await realpath(await mkdtemp(join(tmpdir(), 'tasklane-elsewhere-')));
    try {
      expect(await configOf({}, elsewhere)).toMatchObject({ port: 8000, dataDir: join(elsewhere, '.data') });
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  test('can be missing', async () => {
    expect(existsSync(join(project, '.env'))).toBe(false);
    expect(await configOf({ PORT: '1' })).toMatchObject({ port: 1, dataDir: join(project, '.data') });
  });
});
