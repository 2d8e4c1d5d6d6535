/** Tests an instance with two workers: real processes, connections and signals. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { send } from '../../support/api';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { readEvents } from '../../support/event-reader';
import { readMetrics, samplesOf } from '../../support/metrics';
import {
  logOf,
  makeDataDir,
  postmasterOf,
  removeDataDir,
  type ServiceProcess,
  startProcess,
} from '../../support/process';
import { testSecret, tokenOf } from '../../support/service';
import { until } from '../../support/until';

jest.setTimeout(120_000);
const startMs = 60_000;

const running: ServiceProcess[] = [];
const dataDirs: string[] = [];
const agents: Agent[] = [];
let database: TestDatabase;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  token = await tokenOf('ada');
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  for (const { child, ended } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
  for (const directory of dataDirs.splice(0)) await removeDataDir(directory);
});
afterAll(() => database.drop());

async function start(configuration: Record<string, string>) {
  const dataDir = await makeDataDir();
  dataDirs.push(dataDir);
  const instance = startProcess(
    {
      WEB_CONCURRENCY: '2',
      DATA_DIR: dataDir,
      BETTER_AUTH_SECRET: testSecret,
      RATE_LIMIT: 'off',
      ...configuration,
    },
    startMs,
  );
  running.push(instance);
  return { ...instance, dataDir };
}

/** The lines of workers that became ready, in their order. */
const readyLines = (instance: ServiceProcess) =>
  logOf(instance).filter(({ msg, worker }) => msg === 'serving' && worker !== undefined);

const workersReady = (instance: ServiceProcess, count: number) =>
  until(() => readyLines(instance).length >= count && readyLines(instance), startMs);

/** An agent with one connection, to the worker with this number. */
async function agentOf(instance: ServiceProcess, url: string, worker: number): Promise<Agent> {
  for (;;) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    const requestId = randomUUID();
    // Without a token the answer is 401. Health checks have no line in the log.
    const sending = httpRequest(`${url}/api/ada/tasks`, {
      agent,
      headers: { 'X-Request-Id': requestId },
    }).end();
    const [response] = await once(sending, 'response');
    await once(response.resume(), 'end');
    const line = await until(() => logOf(instance).find(({ request_id: id }) => id === requestId));
    if (line.worker === worker) return agent;
  }
}

/** Creates a task. @returns its id if the service acknowledged it, or the code of the error */
function createTask(url: string, agent: Agent): Promise<{ id: string; status?: number; error?: string }> {
  const id = randomUUID();
  return new Promise((resolve) => {
    const sending = httpRequest(`${url}/api/ada/tasks`, {
      agent,
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    });
    const failed = (error: NodeJS.ErrnoException) => resolve({ id, error: error.code ?? error.message });
    sending.on('error', failed);
    sending.on('response', (response) => {
      response.on('error', failed);
      response.on('end', () => resolve({ id, status: response.statusCode as number }));
      response.resume();
    });
    sending.end(JSON.stringify({ id, title: 'A task' }));
  });
}

const storedIds = async () =>
  new Set((await query<{ id: string }>(database.url, 'select id from tasklane.tasks')).map(({ id }) => id));

test('two workers serve one address, wake the streams of each other, and share the metrics and the embedded Postgres', async () => {
  const instance = await start({
    METRICS_PORT: '0',
    EVENTS_POLL_MS: '60000',
    JOBS: 'webhooks,reminders',
  });
  const url = await instance.url;
  const [one, two] = await workersReady(instance, 2);
  expect(one).toMatchObject({ worker: 1, jobs: ['webhooks', 'reminders'] });
  expect(two).toMatchObject({ worker: 2, jobs: [] });
  expect(instance.output.stdout.match(/^Tasklane serves/gm)).toHaveLength(1);

  const [first, second] = [await agentOf(instance, url, 1), await agentOf(instance, url, 2)];
  expect(await createTask(url, second)).toMatchObject({ status: 201 });
  const stream = await readEvents(`${url}/api/ada/events`, { token, agent: first });
  expect(await createTask(url, second)).toMatchObject({ status: 201 });
  // Worker 1 looks for changes only once a minute.
  await until(() => stream.events.some(({ event }) => event === 'change'));

  const metricsUrl = logOf(instance).find(({ msg }) => msg === 'metrics')?.url as string;
  const samples = async () => samplesOf(await readMetrics(metricsUrl));
  const created = 'tasklane_http_requests_total{operation="createTask",status="201"}';
  await until(async () => (await samples()).get(created) === 2);
  await createTask(url, await agentOf(instance, url, 1));
  await until(async () => (await samples()).get(created) === 3);
  const all = await samples();
  expect(all.get('tasklane_http_request_duration_seconds_count{operation="createTask",class="2xx"}')).toBe(3);
  expect(all.get('tasklane_db_pool_max_connections')).toBe(20);
  expect(all.get('tasklane_event_streams')).toBe(1);
  expect(all.get('tasklane_workers')).toBe(2);
  const ofProcesses = [...all.keys()].filter((name) => name.startsWith('process_resident_memory_bytes'));
  expect(ofProcesses.toSorted()).toEqual(
    ['1', '2', 'primary'].map((worker) => `process_resident_memory_bytes{worker="${worker}"}`),
  );
  expect([...all.keys()].filter((name) => name.startsWith('tasklane_job_lag_seconds'))).toHaveLength(2);

  stream.close();
  instance.child.kill('SIGTERM');
  expect(await instance.ended).toEqual({ code: 0, signal: null });
  expect(postmasterOf(instance.dataDir)).toBeUndefined();
  expect(instance.output.stderr).toBe('');
});

test('a worker that is killed under load is replaced, loses nothing that was acknowledged, and leaves no client waiting', async () => {
  const instance = await start({ DATABASE_URL: database.url, METRICS_PORT: '0', JOBS: 'none' });
  const url = await instance.url;
  const [, two] = await workersReady(instance, 2);
  const metricsUrl = logOf(instance).find(({ msg }) => msg === 'metrics')?.url as string;
  const createdCount = async () =>
    samplesOf(await readMetrics(metricsUrl)).get(
      'tasklane_http_requests_total{operation="createTask",status="201"}',
    ) ?? 0;

  // Half of the clients open a connection for each request.
  const kept = new Agent({ keepAlive: true });
  agents.push(kept);
  const attempts: Awaited<ReturnType<typeof createTask>>[] = [];
  let stopped = false;
  const clients = Array.from({ length: 4 }, async (_, n) => {
    while (!stopped) attempts.push(await createTask(url, n % 2 ? kept : new Agent()));
  });
  const acknowledged = () => attempts.filter(({ status }) => status === 201);
  await until(() => acknowledged().length >= 30);
  const before = await createdCount();

  // A stopped worker gets one more connection, and does not take it.
  const pid = two?.pid as number;
  process.kill(pid, 'SIGSTOP');
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  const isOver = new Map<Socket, boolean>();
  for (let n = 0; n < 4; n++) {
    const socket = connect(Number(port), hostname, () =>
      socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    );
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => isOver.set(socket, true));
    sockets.push(socket);
  }
  process.kill(pid, 'SIGKILL');
  await until(() => sockets.every((socket) => isOver.get(socket)));

  const atKill = acknowledged().length;
  await until(() => acknowledged().length >= atKill + 30);
  await workersReady(instance, 3);
  expect(readyLines(instance)[2]).toMatchObject({ worker: 2 });
  const afterRestart = acknowledged().length;
  await until(() => acknowledged().length >= afterRestart + 30);
  stopped = true;
  await Promise.all(clients);

  const stored = await storedIds();
  expect(acknowledged().filter(({ id }) => !stored.has(id))).toEqual([]);
  const statuses = new Set(attempts.map(({ status, error }) => status ?? error));
  expect([...statuses].filter((each) => ![201, 'ECONNRESET', 'EPIPE'].includes(each as string))).toEqual([]);
  // The counts of a worker that has ended remain.
  expect(await createdCount()).toBeGreaterThanOrEqual(before);
  expect((await send(url, 'GET', '/readyz')).status).toBe(200);
  expect(logOf(instance)).toContainEqual(
    expect.objectContaining({ msg: 'a worker ended', worker: 2, reason: 'SIGKILL' }),
  );

  // All workers drain.
  const later: typeof attempts = [];
  const draining = Array.from({ length: 4 }, async (_, n) => {
    for (;;) {
      const attempt = await createTask(url, n % 2 ? kept : new Agent());
      later.push(attempt);
      if (attempt.error === 'ECONNREFUSED') return;
    }
  });
  await until(() => later.length >= 30);
  instance.child.kill('SIGTERM');
  expect(await instance.ended).toEqual({ code: 0, signal: null });
  await Promise.all(draining);
  const all = await storedIds();
  expect(later.filter(({ id, status }) => status !== undefined && !(status === 201 && all.has(id)))).toEqual(
    [],
  );
  expect(
    logOf(instance).filter(
      ({ aborted, time }) =>
        aborted && String(time) > String(logOf(instance).find(({ msg }) => msg === 'stopping')?.time),
    ),
  ).toEqual([]);
});

test('ends with an error if the workers cannot start', async () => {
  const taken = await start({ DATABASE_URL: database.url, WEB_CONCURRENCY: '1' });
  const { port } = new URL(await taken.url);
  const instance = await start({ DATABASE_URL: database.url, PORT: port });
  expect(await instance.ended).toEqual({ code: 1, signal: null });
  expect(instance.output.stderr).toContain(`${port} on 127.0.0.1 is in use`);
  expect(instance.output.stderr).toContain('Worker 1 ended before it was ready (exit code 1).\n');
});
