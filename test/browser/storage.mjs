/** The database of a copy: upgrades, lost connections and quotas. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { bundleApp } from './support/backend.mjs';
import {
  create,
  rendererOf,
  statusOf,
  titlesOf,
  untilSettled,
  untilStatus,
  untilTitles,
} from './support/device.mjs';

/** A later version of the SDK, whose database has one format more. It adds a store, and a field to each entry. */
const laterFormat = {
  name: 'later format',
  setup(build) {
    build.onLoad({ filter: /live\/formats\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: `${(await readFile(path, 'utf8')).replace('export const migrations', 'const before')}
        export const migrations = [...before, (database, transaction) => {
          database.createObjectStore('later');
          transaction.objectStore('outbox').openCursor().onsuccess = ({ target: { result } }) => {
            if (!result) return;
            result.update({ ...result.value, later: true });
            result.continue();
          };
        }];`,
    }));
  },
};

/** Lets tests take the connections of a tab to its databases away, as iOS does. */
function watchConnections() {
  const { open } = IDBFactory.prototype;
  const databases = new Set();
  IDBFactory.prototype.open = function (...args) {
    if (globalThis.isDatabaseBroken) throw new DOMException('Connection lost', 'UnknownError');
    const request = open.apply(this, args);
    request.addEventListener('success', () => databases.add(request.result));
    return request;
  };
  globalThis.loseDatabases = (isTold) => {
    for (const each of databases) {
      each.close();
      if (isTold) each.dispatchEvent(new Event('close'));
    }
    databases.clear();
  };
}

/** Sends a command of the DevTools protocol. Its effect lasts until the tab is closed. */
async function send(tab, method, params) {
  await (await tab.context().newCDPSession(tab)).send(method, params);
}

/** Creates a task and leaves the page at once, before the device can store the task. */
async function writeAndLeave(tab, title, address) {
  const left = tab.waitForEvent('load');
  const write = ([title, address]) => {
    lane.tasks.create({ title });
    location.assign(address);
  };
  // The page can be gone before it answers.
  await tab.evaluate(write, [title, address]).catch(() => undefined);
  await left;
}

/** Two tabs of a user who is offline and has written something. The first tab leads. */
async function openOffline(world, prepare = async () => undefined) {
  const { device, user } = await world.makeUser();
  await prepare(device.context);
  const leader = await device.openTab(user.id);
  await untilSettled(leader);
  const other = await device.openTab(user.id);
  await untilSettled(other);
  await device.context.setOffline(true);
  await create(leader, 'Before');
  await untilTitles(other, ['Before']);
  return { device, user, leader, other };
}

export const tests = {
  async 'writes of a page that ends at once are kept for the next page'(world) {
    const { device, user } = await world.makeUser();
    const tab = await device.openTab(user.id);
    await untilSettled(tab);
    const titles = [];
    for (let n = 0; n < 5; n++) {
      titles.push(`Task ${n}`);
      await writeAndLeave(tab, titles.at(-1), '/');
      await device.start(tab, user.id);
      await untilTitles(tab, titles);
    }
    await untilSettled(tab);
    assert.deepEqual(await world.storedTitles(user.id), titles);
  },

  async 'another tab sends at once what a closed tab could not store'(world) {
    const { device, user } = await world.makeUser();
    const [leader, other] = [await device.openTab(user.id), await device.openTab(user.id)];
    for (const tab of [leader, other]) await untilSettled(tab);
    await writeAndLeave(other, 'Last words', 'about:blank');
    await untilTitles(leader, ['Last words']);
    await untilSettled(leader);
    assert.deepEqual(await world.storedTitles(user.id), ['Last words']);
  },

  async 'an upgrade of the copy keeps unsent writes, also while tabs with the old version are open'(world) {
    const { device, user, leader, other } = await openOffline(world);
    const script = await bundleApp([laterFormat]);
    const upgraded = await device.openTab(user.id, script);
    const version = await upgraded.evaluate(async () => (await indexedDB.databases())[0].version);
    assert.equal(version, 2);
    assert.deepEqual(await titlesOf(upgraded), ['Before']);
    assert.equal((await statusOf(upgraded)).pending, 1);
    // The tabs with the old version go on in the new format.
    await create(leader, 'Old');
    await create(upgraded, 'New');
    for (const tab of [leader, other, upgraded]) {
      await untilTitles(tab, ['Before', 'New', 'Old']);
      assert.equal((await statusOf(tab)).durable, true);
    }
    await device.start(other, user.id);
    assert.deepEqual(await titlesOf(other), ['Before', 'New', 'Old']);
    await leader.close();
    await device.context.setOffline(false);
    for (const tab of [other, upgraded]) await untilSettled(tab);
    assert.deepEqual(await world.storedTitles(user.id), ['Before', 'New', 'Old']);
  },

  async 'a frozen tab with the old version does not keep the later one from opening'(world) {
    const { device, user, leader, other } = await openOffline(world);
    await leader.close();
    const script = await bundleApp([laterFormat]);
    const pid = await rendererOf(world.browser, other);
    process.kill(pid, 'SIGSTOP');
    let upgraded;
    try {
      upgraded = await device.openTab(user.id, script);
      assert.equal((await statusOf(upgraded)).durable, false);
      await create(upgraded, 'In memory');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await device.context.setOffline(false);
    for (const tab of [other, upgraded]) {
      await untilTitles(tab, ['Before', 'In memory']);
      await untilSettled(tab);
    }
    // Once the frozen tab is back, the copy is migrated.
    await device.start(upgraded, user.id);
    assert.equal((await statusOf(upgraded)).durable, true);
    assert.deepEqual(await world.storedTitles(user.id), ['Before', 'In memory']);
  },

  async 'a lost connection to the database is opened again'(world) {
    const { device, user, leader, other } = await openOffline(world, (context) =>
      context.addInitScript(watchConnections),
    );
    await leader.evaluate(() => loseDatabases(true));
    await create(leader, 'Told');
    await other.evaluate(() => loseDatabases(false));
    await create(other, 'Untold');
    for (const tab of [leader, other]) {
      await untilTitles(tab, ['Before', 'Told', 'Untold']);
      assert.equal((await statusOf(tab)).durable, true);
    }
    await device.start(other, user.id);
    assert.deepEqual(await titlesOf(other), ['Before', 'Told', 'Untold']);
    await device.context.setOffline(false);
    for (const tab of [leader, other]) await untilSettled(tab);
    assert.deepEqual(await world.storedTitles(user.id), ['Before', 'Told', 'Untold']);
  },

  async 'a tab that loses the database for good continues in memory, and sends what it has'(world) {
    const { device, user, leader, other } = await openOffline(world, (context) =>
      context.addInitScript(watchConnections),
    );
    await other.evaluate(() => {
      globalThis.isDatabaseBroken = true;
      loseDatabases(true);
    });
    await create(other, 'In memory');
    await create(leader, 'On disk');
    assert.equal((await statusOf(other)).durable, false);
    assert.equal((await statusOf(leader)).durable, true);
    assert.deepEqual(await titlesOf(other), ['Before', 'In memory']);
    await device.context.setOffline(false);
    for (const tab of [leader, other]) {
      await untilTitles(tab, ['Before', 'In memory', 'On disk']);
      await untilSettled(tab);
    }
    assert.deepEqual(await world.storedTitles(user.id), ['Before', 'In memory', 'On disk']);
  },

  async 'unsent writes outlive the removal of all data of the site while a tab is open'(world) {
    const { device, user, leader, other } = await openOffline(world);
    await send(leader, 'Storage.clearDataForOrigin', {
      origin: device.app,
      storageTypes: 'indexeddb',
    });
    for (const [index, tab] of [leader, other].entries()) {
      await create(tab, `After ${index}`);
      await untilStatus(tab, { durable: false });
    }
    assert.deepEqual(await leader.evaluate(() => indexedDB.databases()), []);
    await device.context.setOffline(false);
    for (const tab of [leader, other]) {
      await untilTitles(tab, ['After 0', 'After 1', 'Before']);
      await untilSettled(tab);
    }
    assert.deepEqual(await world.storedTitles(user.id), ['After 0', 'After 1', 'Before']);
  },

  async 'a full disk is told, and nothing is lost'(world) {
    const { device, user } = await world.makeUser();
    const tab = await device.openTab();
    const quotaSize = 300_000;
    await send(tab, 'Storage.overrideQuotaForOrigin', { origin: device.app, quotaSize });
    await device.start(tab, user.id);
    await untilSettled(tab);
    assert.equal((await statusOf(tab)).durable, true);
    await device.context.setOffline(true);
    const titles = [];
    while ((await statusOf(tab)).durable) {
      assert.ok(titles.length < 100, 'the disk is full at some time');
      titles.push(`Task ${100 + titles.length}`);
      // Databases are compressed, and random text is not.
      const task = { title: titles.at(-1), description: randomBytes(6_000).toString('base64') };
      await tab.evaluate((task) => lane.tasks.create(task).stored, task);
    }
    assert.equal((await statusOf(tab)).storageError, 'QuotaExceededError');
    assert.deepEqual(await titlesOf(tab), titles);
    await device.context.setOffline(false);
    await untilSettled(tab);
    assert.deepEqual(await world.storedTitles(user.id), titles);
  },
};
