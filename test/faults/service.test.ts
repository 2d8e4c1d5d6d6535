/** Instances are killed, replaced and cut off from their log, while a client writes all the time. */
import { createTestDatabase, type TestDatabase } from '../support/database';
import { makeDataDir, postmasterOf, removeDataDir, type ServiceProcess } from '../support/process';
import { until } from '../support/until';
import { createCleanUp, kill, startInstance } from './support';
import { expectBounded, startWriter } from './writer';

jest.setTimeout(300_000);

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

type Instance = ServiceProcess & { url: string };

async function newDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  cleanUp.add(() => database.drop());
  return database;
}

async function start(configuration: Record<string, string>): Promise<Instance> {
  const instance = await startInstance(configuration);
  cleanUp.add(() => kill(instance));
  return instance;
}

test('a killed instance loses no acknowledged write', async () => {
  const database = await newDatabase();
  let instance = await start({ DATABASE_URL: database.url });
  const writer = await startWriter(() => instance.url);
  cleanUp.add(() => writer.stop());
  for (let round = 0; round < 5; round += 1) {
    await writer.progress(50);
    instance.child.kill('SIGKILL');
    await instance.ended;
    instance = await start({ DATABASE_URL: database.url });
  }
  await writer.progress(50);
  await writer.stopAndVerify(database.url);
});

test('no request fails when instances are replaced one after the other', async () => {
  const database = await newDatabase();
  const configuration = { DATABASE_URL: database.url, SHUTDOWN_DELAY_MS: '1000' };
  const instances = [await start(configuration), await start(configuration)];
  // A load balancer: it sends to the instances that were ready at the last check, in turns.
  let ready = instances.map((each) => each.url);
  let turn = 0;
  let watching = true;
  const isReady = ({ url }: Instance) =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  const watch = (async () => {
    while (watching) {
      const answers = await Promise.all(instances.map(isReady));
      const urls = instances.filter((_, n) => answers[n]).map((each) => each.url);
      if (urls.length > 0) ready = urls;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const writer = await startWriter(() => {
    turn += 1;
    return ready[turn % ready.length] as string;
  });
  cleanUp.add(async () => {
    watching = false;
    await watch;
    await writer.stop();
  });
  await writer.progress(50);
  for (const old of [...instances]) {
    const replacement = await start(configuration);
    instances.push(replacement);
    await until(() => ready.includes(replacement.url));
    old.child.kill('SIGTERM');
    expect(await old.ended).toEqual({ code: 0, signal: null });
    instances.splice(instances.indexOf(old), 1);
    await writer.progress(50);
  }
  await writer.stopAndVerify(database.url);
  expect(writer.attempts.filter(({ status }) => status !== 200 && status !== 201)).toEqual([]);
});

test('the embedded Postgres is started again when it is killed', async () => {
  const dataDir = await makeDataDir();
  cleanUp.add(() => removeDataDir(dataDir));
  const instance = await start({ DATA_DIR: dataDir });
  const writer = await startWriter(() => instance.url);
  cleanUp.add(() => writer.stop());
  await writer.progress(50);
  const first = postmasterOf(dataDir) as number;
  process.kill(first, 'SIGKILL');
  await until(() => ![undefined, first].includes(postmasterOf(dataDir)), 30_000);
  await writer.progress(50);
  expectBounded(writer, 15_000);
  await writer.stop();
  instance.child.kill('SIGTERM');
  expect(await instance.ended).toEqual({ code: 0, signal: null });
});
