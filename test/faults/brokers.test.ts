/**
 * The broker and an instance are killed while changes are published: no event is lost, and each lane keeps its order.
 * `npm run bench:events` does it with 100,000 changes, and prints figures.
 */
import { readFileSync } from 'node:fs';
import { missingBroker, startKafka, startNats, type TestBroker } from '../support/brokers';
import { createTestDatabase, query, type TestDatabase } from '../support/database';
import { firstNumbers, makeTopic, readEvents } from '../support/stored-events';
import { until } from '../support/until';
import { makeUser, type TestUser } from '../support/user';
import { createCleanUp, kill, startInstance } from './support';

const total = Number(process.env.BROKER_CHANGES || 5_000);
const isBench = total > 5_000;
jest.setTimeout(isBench ? 3_600_000 : 300_000);

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const lanes = 10;
const changesInBatch = 50;
const batchesOfLane = total / lanes / changesInBatch;
const longestWaitMs = isBench ? 1_800_000 : 120_000;
const operations = Array.from({ length: changesInBatch }, (_, n) => ({
  op: 'create_task',
  task: { title: `Task ${n}` },
}));

/** Lanes with events that wait, and the number of changes whose events are stored. */
async function progress({ url }: TestDatabase): Promise<{ waiting: number; published: number }> {
  const [row] = await query<{ waiting: number; published: number }>(
    url,
    `select count(*) filter (where due_at is not null)::int as waiting, coalesce(sum(published), 0)::int as published
     from tasklane.event_positions`,
  );
  return row as { waiting: number; published: number };
}

/** The CPU seconds of a process so far (Linux). */
function cpuOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const brokers = [
  ['kafka', startKafka],
  ['nats', startNats],
] as const;

describe.each(brokers)('%s', (kind, startBroker) => {
  const missing = missingBroker(kind);
  (missing ? test.skip : test)(missing ?? 'loses no event when it and an instance are killed', async () => {
    const broker: TestBroker = await startBroker();
    cleanUp.add(() => broker.stop());
    await makeTopic(broker);
    const database = await createTestDatabase();
    cleanUp.add(() => database.drop());
    const settings = { DATABASE_URL: database.url, BROKER_URL: broker.url, BROKER_INTERVAL_MS: '100' };
    const instances = [await startInstance(settings), await startInstance(settings)] as const;
    for (const each of instances) cleanUp.add(() => kill(each));
    const users = await Promise.all(
      Array.from({ length: lanes }, (_, n) => makeUser(instances[1].url, `user ${n}`)),
    );
    const write = async (batches: number) => {
      const writeLane = async (user: TestUser) => {
        for (let n = 0; n < batches; n++) {
          const { status } = await user.send('POST', '/batch', { body: { operations } });
          expect(status).toBe(200);
        }
      };
      await Promise.all(users.map(writeLane));
    };

    const first = write(batchesOfLane * 0.4);
    await until(async () => (await progress(database)).published > 0, 60_000);
    await broker.kill();
    await first;
    await write(batchesOfLane * 0.4);
    expect((await progress(database)).waiting).toBeGreaterThan(0);
    await broker.start();
    if (isBench) {
      const used = () => instances.reduce((sum, { child }) => sum + cpuOf(child.pid), 0);
      const [events, cpu, startedAt] = [(await progress(database)).published, used(), performance.now()];
      await until(async () => (await progress(database)).waiting === 0, longestWaitMs);
      const count = total * 0.8 - events;
      const seconds = (performance.now() - startedAt) / 1000;
      const each = ((used() - cpu) / count) * 1e6;
      process.stdout.write(
        `${kind}: ${count} events in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)}/s, ${each.toFixed(0)} µs of CPU each\n`,
      );
    }

    const last = write(batchesOfLane * 0.2);
    const before = (await progress(database)).published;
    await until(async () => (await progress(database)).published > before, 60_000);
    instances[0].child.kill('SIGKILL');
    await last;
    await until(async () => (await progress(database)).published === total, longestWaitMs);
    expect(await progress(database)).toEqual({ waiting: 0, published: total });

    const isComplete = new Set<string>();
    const events = await readEvents(
      broker,
      (read) => isComplete.add(read.at(-1)?.id as string).size === total,
    );
    const expected = Array.from({ length: batchesOfLane * changesInBatch }, (_, n) => n + 1);
    const stored = firstNumbers(events);
    for (const user of users) expect(stored.get(user.id)).toEqual(expected);
    expect(stored.size).toBe(lanes);
    if (isBench) process.stdout.write(`${kind}: ${events.length - total} events were stored twice\n`);
  });
});
