/** Real brokers with TLS, SASL and credentials: what the service accepts, what it logs otherwise, and that it loses no event. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credsAuthenticator } from '@nats-io/transport-node';
import { freePort } from '../../src/platform/database/embedded/server';
import { missingBroker, startKafka, startNats } from '../support/brokers';
import { certificatesIn, missingOpenssl } from '../support/certificates';
import { createTestDatabase, query } from '../support/database';
import { natsCredentials } from '../support/nats-credentials';
import { logOf, runScript } from '../support/process';
import { openProxy } from '../support/proxy';
import type { Outcome, Target } from '../support/publish-to';
import { makeTopic, type NatsAccess, readEvents } from '../support/stored-events';
import { until } from '../support/until';
import { makeUser } from '../support/user';
import { createCleanUp, kill, startInstance } from './support';

jest.setTimeout(300_000);

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const password = 'right p@ss';
const wrongPassword = 'wrong-secret';
const login = `ada:${encodeURIComponent(password)}@`;
const wrongLogin = `ada:${wrongPassword}@`;

/** The certificates of the test, in a directory of its own. */
function makeCertificates() {
  const directory = mkdtempSync(join(tmpdir(), 'tasklane-certificates-'));
  cleanUp.add(async () => rmSync(directory, { recursive: true, force: true }));
  const { authority, signed } = certificatesIn(directory);
  const ca = authority('ca');
  const names = 'DNS:localhost,IP:127.0.0.1';
  return {
    ca,
    ...{ other: authority('other'), server: signed(ca, 'server', names) },
    ...{ expired: signed(ca, 'expired', names, -1), client: signed(ca, 'client', 'DNS:client') },
    // Without an IP address.
    named: signed(ca, 'named', 'DNS:localhost'),
    trust: `sslrootcert=${ca.cert}`,
  };
}

/** A target, and the number of events that it stores, or the reason why it stores none. */
type Case = readonly [target: Target, expected: string | number];

/** Publishes to each target, and compares the outcomes. Fails if the output has a secret. */
async function expectOutcomes(cases: readonly Case[], secrets: readonly string[]): Promise<void> {
  const targets = cases.map(([target]) => target);
  const run = runScript('test/support/publish-to.ts', [JSON.stringify(targets)], {});
  cleanUp.add(() => kill(run));
  const ended = await run.ended;
  const { stdout, stderr } = run.output;
  expect({ ...ended, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  for (const secret of secrets) expect(stdout).not.toContain(secret);
  const lines: Outcome[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const outcomes = lines.map((outcome) => ('stored' in outcome ? outcome.stored : outcome.reason));
  expect(outcomes).toEqual(cases.map(([, expected]) => expected));
}

/** Runs an instance whose broker has an expired certificate, until `mend` has mended the broker. */
async function expectNothingLost(url: string, mend: () => Promise<void>): Promise<string> {
  const database = await createTestDatabase();
  cleanUp.add(() => database.drop());
  const metricsPort = await freePort();
  const instance = await startInstance({
    DATABASE_URL: database.url,
    ...{ BROKER_URL: url, BROKER_INTERVAL_MS: '50' },
    ...{ METRICS_PORT: String(metricsPort), LOG_LEVEL: 'info' },
  });
  cleanUp.add(() => kill(instance));
  const ada = await makeUser(instance.url);
  const create = async () => (await ada.send('POST', '/tasks', { body: { title: 'A task' } })).status;
  const told = (text: string) => logOf(instance).filter(({ msg }) => msg === text);
  const refuses = 'the broker does not accept events: they wait';

  expect(await create()).toBe(201);
  await until(() => told(refuses).length > 0, 60_000);
  expect(await create()).toBe(201);
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  expect(metrics).toMatch(/^tasklane_broker_failures_total [1-9]/m);
  await mend();
  await until(async () => {
    const [row] = await query<{ published: number }>(
      database.url,
      'select sum(published)::int as published from tasklane.event_positions',
    );
    return row?.published === 2;
  }, 60_000);
  // The attempts in between give no further line.
  expect(told(refuses)).toEqual([
    expect.objectContaining({ reason: 'its TLS certificate is not valid at this time' }),
  ]);
  await until(() => told('the broker accepts events again').length > 0);
  expect(instance.output.stdout).not.toContain(password);
  expect(instance.output.stdout).not.toContain(encodeURIComponent(password));
  return ada.id;
}

const untrusted = 'its TLS certificate is not signed by a trusted authority: see sslrootcert';
const otherName = 'its TLS certificate is for another host name';
const invalid = 'its TLS certificate is not valid at this time';

const missingKafka = missingBroker('kafka') ?? missingOpenssl;
(missingKafka ? test.skip : test)(missingKafka ?? 'Kafka with TLS and SASL', async () => {
  const { ca, other, server, expired, client, named, trust } = makeCertificates();
  const keys = (listener: string, { both }: { both: string }) =>
    `listener.name.${listener}.ssl.keystore.type=PEM\nlistener.name.${listener}.ssl.keystore.location=${both}\n`;
  const modules = 'org.apache.kafka.common.security';
  const kafka = await startKafka({
    listeners: {
      ...{ USERS: { protocol: 'SASL_SSL' }, EXPIRED: { protocol: 'SSL' }, MUTUAL: { protocol: 'SSL' } },
      ADDRESS: { protocol: 'SSL', host: '127.0.0.1' },
      NAMED: { protocol: 'SSL' },
    },
    settings: `ssl.truststore.type=PEM
ssl.truststore.location=${ca.cert}
${keys('users', server)}${keys('expired', expired)}${keys('mutual', server)}${keys('address', server)}${keys('named', named)}
listener.name.mutual.ssl.client.auth=required
listener.name.users.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.users.plain.sasl.jaas.config=${modules}.plain.PlainLoginModule required user_ada="${password}";
listener.name.users.scram-sha-256.sasl.jaas.config=${modules}.scram.ScramLoginModule required;
listener.name.users.scram-sha-512.sasl.jaas.config=${modules}.scram.ScramLoginModule required;
`,
    format: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=ada,password="${password}"]`,
    ]),
  });
  cleanUp.add(() => kafka.stop());
  await makeTopic(kafka);
  const { ports } = kafka;
  const users = `localhost:${ports.USERS}`;
  const refused = 'it refuses the user or the password, or the user has none for BROKER_SASL_MECHANISM';
  const closed = 'it closed the connection: if it always does, it requires a user or a client certificate';
  const certificate = `sslcert=${client.cert}&sslkey=${client.key}`;
  const cases: Case[] = [
    [{ url: `kafka://${login}${users}?${trust}` }, 1],
    [{ url: `kafka://${login}${users}?${trust}`, mechanism: 'SCRAM-SHA-256' }, 1],
    [{ url: `kafka://${login}${users}?${trust}`, mechanism: 'PLAIN' }, 1],
    [{ url: `kafka://${wrongLogin}${users}?${trust}` }, refused],
    [{ url: `kafka://${wrongLogin}${users}?${trust}`, mechanism: 'PLAIN' }, refused],
    [{ url: `kafka://${users}?${trust}` }, closed],
    [{ url: `kafka://${login}${users}?sslrootcert=${other.cert}` }, untrusted],
    [{ url: `kafka://${login}${users}?sslmode=verify-full` }, untrusted],
    [{ url: `kafka://${login}${users}?sslmode=require` }, 1],
    [{ url: `kafka://${login}${users}` }, expect.stringContaining('it requires TLS')],
    [{ url: `kafka://localhost:${ports.EXPIRED}` }, 'it requires TLS: see sslmode'],
    [{ url: `kafka://localhost:${ports.EXPIRED}?${trust}` }, invalid],
    [{ url: `kafka://localhost:${kafka.port}?${trust}` }, 'it does not offer TLS'],
    [{ url: `kafka://localhost:${ports.MUTUAL}?${trust}&${certificate}` }, 1],
    [{ url: `kafka://localhost:${ports.MUTUAL}?${trust}` }, closed],
    // The broker names its address, and not `localhost`.
    [{ url: `kafka://localhost:${ports.ADDRESS}?${trust}` }, 1],
    [{ url: `kafka://127.0.0.1:${ports.ADDRESS}?${trust}` }, 1],
    [{ url: `kafka://localhost:${ports.NAMED}?${trust}` }, 1],
    [{ url: `kafka://127.0.0.1:${ports.NAMED}?${trust}` }, otherName],
  ];
  await expectOutcomes(cases, [password, wrongPassword]);

  let proxy = await openProxy(`http://127.0.0.1:${ports.EXPIRED}`);
  cleanUp.add(() => proxy.close());
  const { port } = new URL(proxy.url);
  const ada = await expectNothingLost(`kafka://${login}localhost:${port}?${trust}`, async () => {
    await proxy.close();
    proxy = await openProxy(`http://127.0.0.1:${ports.USERS}`, undefined, Number(port));
  });
  const hasAll = (events: readonly { partitionkey?: string }[]) =>
    events.filter(({ partitionkey }) => partitionkey === ada).length === 2;
  expect((await readEvents(kafka, hasAll)).filter((event) => event.partitionkey === ada)).toHaveLength(2);
});

const missingNats = missingBroker('nats') ?? missingOpenssl;
(missingNats ? test.skip : test)(missingNats ?? 'NATS with TLS, passwords and credentials', async () => {
  const { ca, other, server, expired, client, named, trust } = makeCertificates();
  const tls = ({ both }: { both: string }, more = '') =>
    `tls { cert_file: "${both}", key_file: "${both}", ca_file: "${ca.cert}", ${more} }`;
  const users = `authorization { users: [
    { user: ada, password: "${password}", permissions: {
      publish: ["tasklane.>", "$JS.API.STREAM.NAMES"], subscribe: ["_INBOX.>"] } }
    { user: bob, password: "${password}", permissions: {
      publish: ["$JS.API.STREAM.NAMES"], subscribe: ["_INBOX.>"] } }
    { user: owner, password: "${password}" }
  ] }`;
  const jwt = natsCredentials();
  const start = async (config: string) => {
    const broker = await startNats(config);
    cleanUp.add(() => broker.stop());
    return broker;
  };
  const owner: NatsAccess = { user: 'owner', pass: password, tls: { ca: readFileSync(ca.cert, 'utf8') } };
  const main = await start(`${tls(server)}\n${users}`);
  const mutual = await start(tls(named, 'verify: true'));
  const withCredentials = await start(`${tls(server)}\n${jwt.config}`);
  const plain = await start('');
  const late = await start(`${tls(expired)}\n${users}`);
  await makeTopic(main, owner);
  const bytes = new TextEncoder().encode(jwt.credentials);
  await makeTopic(withCredentials, { ...owner, authenticator: credsAuthenticator(bytes) });
  await makeTopic(mutual, {
    tls: { ...owner.tls, certFile: client.cert, keyFile: client.key, rejectUnauthorized: false },
  });

  const refused = 'it refuses the user, the password or the credentials';
  const certificate = `sslcert=${client.cert}&sslkey=${client.key}`;
  const { credentials } = jwt;
  const cases: Case[] = [
    [{ url: `nats://${login}localhost:${main.port}?${trust}` }, 1],
    [{ url: `nats://${login}127.0.0.1:${main.port}?${trust}` }, 1],
    [{ url: `nats://${login}localhost:1,localhost:${main.port}?${trust}` }, 1],
    [{ url: `nats://${wrongLogin}localhost:${main.port}?${trust}` }, refused],
    [{ url: `nats://localhost:${main.port}?${trust}` }, refused],
    [
      { url: `nats://${login.replace('ada', 'bob')}localhost:${main.port}?${trust}` },
      'the user has no permission to publish',
    ],
    [{ url: `nats://${login}localhost:${main.port}?sslrootcert=${other.cert}` }, untrusted],
    [{ url: `nats://${login}localhost:${main.port}?sslmode=verify-full` }, untrusted],
    [{ url: `nats://${login}localhost:${main.port}?sslmode=require` }, 1],
    [{ url: `nats://${login}localhost:${main.port}` }, untrusted],
    [{ url: `nats://${login}localhost:${late.port}?${trust}` }, invalid],
    [{ url: `nats://localhost:${plain.port}?${trust}` }, 'it does not offer TLS'],
    [{ url: `nats://localhost:${mutual.port}?${trust}&${certificate}` }, 1],
    // Its certificate is for `localhost` only.
    [{ url: `nats://127.0.0.1:${mutual.port}?${trust}&${certificate}` }, otherName],
    [{ url: `nats://localhost:${withCredentials.port}?${trust}`, credentials }, 1],
    [{ url: `nats://localhost:${withCredentials.port}?${trust}` }, refused],
    [
      {
        url: `nats://localhost:${withCredentials.port}?${trust}`,
        credentials: natsCredentials().credentials,
      },
      refused,
    ],
  ];
  await expectOutcomes(cases, [password, wrongPassword, jwt.seed]);

  const url = `nats://${login}localhost:${late.port}?${trust}`;
  const ada = await expectNothingLost(url, async () => {
    await late.kill();
    copyFileSync(server.both, expired.both);
    await late.start();
    await makeTopic(late, owner);
  });
  const events = await readEvents(late, ({ length }) => length === 2, owner);
  expect(events.map(({ partitionkey }) => partitionkey)).toEqual([ada, ada]);
});
