/** Real brokers for the tests, which `scripts/brokers/install` installs. A test can kill and restart them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/platform/database/embedded/server';
import { until } from './until';

const cache = process.env.BROKERS_CACHE || join(tmpdir(), 'tasklane-brokers');
const natsServer = join(cache, 'nats-server');

/** Why the tests of a broker are skipped; null if they can run. */
export function missingBroker(kind: 'kafka' | 'nats'): string | null {
  const isThere = existsSync(kind === 'nats' ? natsServer : join(cache, 'kafka', 'complete'));
  return isThere ? null : `${kind} is not installed: run scripts/brokers/install`;
}

export interface TestBroker {
  /** The value of BROKER_URL. */
  readonly url: string;
  readonly port: number;
  /** Kills the process (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Kills it and removes its data. */
  stop(): Promise<void>;
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** Runs a server that listens on a port, and can be killed and started again. */
async function runServer(
  kind: string,
  port: number,
  directory: string,
  command: string[],
): Promise<TestBroker> {
  let child: ChildProcess;
  let output = '';
  async function start() {
    const [program, ...args] = command as [string, ...string[]];
    child = spawn(program, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text) => {
        output = (output + text).slice(-10_000);
      });
    }
    await until(async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${kind} ended:\n${output}`);
      return answers(port);
    }, 120_000);
  }
  async function kill() {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  await start();
  return {
    url: `${kind}://127.0.0.1:${port}`,
    port,
    kill,
    start,
    async stop() {
      await kill();
      rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Starts NATS with JetStream. `config` is appended to its configuration. */
export async function startNats(config = ''): Promise<TestBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'tasklane-nats-'));
  const port = await freePort();
  writeFileSync(
    join(directory, 'nats.conf'),
    `listen: 127.0.0.1:${port}\njetstream { store_dir: "${directory}/data", sync_interval: always }\n${config}\n`,
  );
  return runServer('nats', port, directory, [natsServer, '-c', join(directory, 'nats.conf')]);
}

const java = (main: string) => [
  'java',
  '-Xmx256m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-cp',
  join(cache, 'kafka', '*'),
  main,
];

/** What a test adds to Kafka. */
export interface KafkaOptions {
  /** More listeners: their names and protocols, such as `SASL_SSL`. The advertised host is `localhost` by default. */
  readonly listeners?: Record<string, { protocol: string; host?: string }>;
  /** More lines of the configuration. */
  readonly settings?: string;
  /** Arguments of `kafka-storage format`. */
  readonly format?: string[];
}

/** Kafka, and the port of each listener. */
export interface TestKafka extends TestBroker {
  readonly ports: Readonly<Record<string, number>>;
}

/**
 * Starts Kafka as one process that is broker and controller (KRaft). Its first listener has no TLS and no users. New topics
 * have 4 partitions.
 */
export async function startKafka({
  listeners = {},
  settings = '',
  format = [],
}: KafkaOptions = {}): Promise<TestKafka> {
  const directory = mkdtempSync(join(tmpdir(), 'tasklane-kafka-'));
  const port = await freePort();
  const controller = await freePort();
  const ports: Record<string, number> = {};
  for (const name of Object.keys(listeners)) ports[name] = await freePort();
  const list = (line: (name: string, protocol: string, host: string) => string) =>
    Object.entries(listeners)
      .map(([name, { protocol, host = 'localhost' }]) => `,${line(name, protocol, host)}`)
      .join('');
  const file = join(directory, 'server.properties');
  writeFileSync(
    file,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}${list((name) => `${name}://127.0.0.1:${ports[name]}`)}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}${list((name, _, host) => `${name}://${host}:${ports[name]}`)}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${list((name, protocol) => `${name}:${protocol}`)}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${directory}/data
num.partitions=4
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
${settings}
`,
  );
  const [program, ...args] = java('kafka.tools.StorageTool') as [string, ...string[]];
  execFileSync(program, [...args, 'format', '-t', 'VGFza2xhbmVUYXNrbGFuZQ', '-c', file, ...format], {
    cwd: directory,
    stdio: 'pipe',
  });
  return { ...(await runServer('kafka', port, directory, [...java('kafka.Kafka'), file])), ports };
}
