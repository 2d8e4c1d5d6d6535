/** Runs the code of docs/sync.md unchanged. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { transformSync } from '@swc/core';
import * as sdk from '../../sdk/src/index';
import { projectPath } from '../../src/platform/paths';
import { send } from '../support/api';
import { copyLane, type Entities, storedTasks } from '../support/lane-copy';
import { runScript } from '../support/process';
import { tokenOf, useTestService } from '../support/service';
import { until } from '../support/until';

interface Copy {
  entities: Map<string, unknown>;
  token: string | undefined;
  outbox: { id: string; make?: object; change?: object }[];
}

interface Kept {
  sync(): Promise<unknown>;
  follow(signal: AbortSignal): Promise<void>;
}

type KeepCopy = (lane: sdk.Lane, copy: Copy) => Kept;

const guide = readFileSync(projectPath('docs', 'sync.md'), 'utf8');

function block(language: string): string {
  return new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(guide)?.[1] as string;
}

/** The exports of a TypeScript module that imports the SDK. */
function run(code: string): { keepCopy: KeepCopy } {
  const { code: script } = transformSync(code, {
    jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  const exported = {} as { keepCopy: KeepCopy };
  new Function('exports', 'require', script)(exported, () => sdk);
  return exported;
}

const service = useTestService({ RATE_LIMIT: 'off' });

/** A user's device with its own network. */
async function makeDevice(keepCopy: KeepCopy, userId: string) {
  const network = { on: true };
  const leaving = new AbortController();
  const { signal } = leaving;
  const fetch = async (request: Request) => {
    if (!network.on) throw new TypeError('fetch failed');
    const answer = await globalThis.fetch(request);
    // Running requests are lost when the network goes down.
    if (!network.on) throw new TypeError('terminated');
    return answer;
  };
  const tasklane = sdk.createTasklane({ baseUrl: service.url, token: await tokenOf(userId), fetch });
  const copy: Copy = { entities: new Map(), token: undefined, outbox: [] };
  const kept = keepCopy(tasklane.lane(userId), copy);
  const tasks = (): Entities =>
    Object.fromEntries(
      [...copy.entities].filter(([key]) => key.startsWith('task ')).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return { network, leaving, signal, copy, kept, tasks };
}

test('the example of an offline app works', async () => {
  const code = block('ts');
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  const { keepCopy } = run(code);
  const userId = randomUUID();
  const [phone, laptop] = [await makeDevice(keepCopy, userId), await makeDevice(keepCopy, userId)];
  const following = [phone, laptop].map((each) => each.kept.follow(each.signal).catch((error) => error));
  await until(() => phone.copy.token && laptop.copy.token);

  // Each device shows the writes of the other.
  const [plants, bread] = [randomUUID(), randomUUID()];
  laptop.copy.outbox.push({ id: plants, make: { title: 'Water the plants' } });
  await laptop.kept.sync();
  await until(() => phone.copy.entities.has(`task ${plants}`));

  // Both write offline; one changes a task that the other deletes.
  phone.network.on = false;
  phone.copy.outbox.push({ id: bread, make: { title: 'Buy bread' } });
  phone.copy.outbox.push({ id: bread, change: { priority: 'high' } });
  phone.copy.outbox.push({ id: plants, change: { title: 'Water the plants twice' } });
  await phone.kept.sync();
  expect(phone.copy.outbox).toHaveLength(3);
  const { status } = await send(service.url, 'DELETE', `/api/${userId}/tasks/${plants}`, {
    token: await tokenOf(userId),
  });
  expect(status).toBe(204);
  laptop.copy.outbox.push({ id: randomUUID(), make: { title: 'Call Grace' } });
  await laptop.kept.sync();

  // As if the first write had arrived but not its response.
  phone.network.on = true;
  const [first] = phone.copy.outbox;
  await phone.kept.sync();
  expect(phone.copy.outbox).toEqual([]);
  phone.copy.outbox.push(first as Copy['outbox'][number]);
  await phone.kept.sync();
  const stored = await storedTasks(service.database.url, userId);
  expect(Object.values(stored)).toHaveLength(2);
  expect(stored[`task ${bread}`]).toMatchObject({ title: 'Buy bread', priority: 'high' });
  await until(() => JSON.stringify([phone.tasks(), laptop.tasks()]) === JSON.stringify([stored, stored]));
  expect(phone.copy.outbox).toEqual([]);

  for (const each of [phone, laptop]) each.leaving.abort();
  await Promise.all(following);
});

test('copies start over after a database was restored', async () => {
  const { keepCopy } = run(block('ts'));
  const userId = randomUUID();
  const device = await makeDevice(keepCopy, userId);
  device.copy.outbox.push({ id: randomUUID(), make: { title: 'A task' } });
  await device.kept.sync();
  const before = device.copy.token;
  const plain = copyLane(service.url, userId, await tokenOf(userId));
  await plain.catchUp();

  const renewing = runScript('src/commands/restored.ts', [], { DATABASE_URL: service.database.url });
  expect(await renewing.ended).toEqual({ code: 0, signal: null });
  // As if later changes were lost: the copy has them, and the lane does not.
  device.copy.entities.set('task lost', {});
  await device.kept.sync();
  expect(device.copy.token).not.toBe(before);
  expect(device.tasks()).toEqual(await storedTasks(service.database.url, userId));
});
