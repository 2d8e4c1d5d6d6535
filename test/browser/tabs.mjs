/** Tabs of one browser share a copy, an outbox and a leader. */
import assert from 'node:assert/strict';
import {
  create,
  rendererOf,
  statusOf,
  titlesOf,
  until,
  untilSettled,
  untilStatus,
  untilTitles,
} from './support/device.mjs';

/** A device with a tab that leads, and another tab; both run in their own processes. */
async function openTwoProcesses(world) {
  const { device, user } = await world.makeUser();
  const leader = await device.openTab(user.id);
  await untilSettled(leader);
  const other = await device.openTab(user.id);
  await untilSettled(other);
  const [pid, own] = [await rendererOf(world.browser, leader), await rendererOf(world.browser, other)];
  assert.notEqual(pid, own, 'the tabs have their own processes');
  return { device, user, leader, other, pid };
}

export const tests = {
  async 'two tabs offline and back lose nothing, also over a reload'(world) {
    const { device, user } = await world.makeUser();
    const tabs = [await device.openTab(user.id), await device.openTab(user.id)];
    for (const tab of tabs) await untilSettled(tab);
    assert.equal((await statusOf(tabs[0])).durable, true);
    await device.context.setOffline(true);
    const titles = [];
    for (const [index, tab] of tabs.entries()) {
      for (let n = 0; n < 5; n++) {
        titles.push(`Task ${index}${n}`);
        await create(tab, titles.at(-1));
      }
    }
    for (const tab of tabs) await untilTitles(tab, titles);
    await device.start(tabs[0], user.id);
    assert.deepEqual(await titlesOf(tabs[0]), titles);
    assert.equal((await statusOf(tabs[0])).pending, 10);
    await device.context.setOffline(false);
    for (const tab of tabs) await untilSettled(tab);
    assert.deepEqual(await world.storedTitles(user.id), titles);
    for (const tab of tabs) assert.deepEqual(await titlesOf(tab), titles);
  },

  async 'eight tabs share one event stream, and all write'(world) {
    const { device, user } = await world.makeUser();
    const tabs = [];
    for (let n = 0; n < 8; n++) tabs.push(await device.openTab(user.id));
    await untilSettled(tabs[0]);
    await Promise.all(tabs.map((tab, index) => create(tab, `Task ${index}`)));
    const titles = tabs.map((_tab, index) => `Task ${index}`);
    for (const tab of tabs) {
      await untilTitles(tab, titles);
      await untilSettled(tab);
    }
    assert.equal(device.streams, 1);
    assert.deepEqual(await world.storedTitles(user.id), titles);
    await world.createElsewhere(user.id, 'Task 8');
    for (const tab of tabs) await untilTitles(tab, [...titles, 'Task 8']);
  },

  async 'another tab leads while the process of the leader is stopped'(world) {
    const { user, leader, other, pid } = await openTwoProcesses(world);
    process.kill(pid, 'SIGSTOP');
    try {
      await create(other, 'While it is stopped');
      await untilStatus(other, { pending: 0 });
      assert.deepEqual(await world.storedTitles(user.id), ['While it is stopped']);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await untilTitles(leader, ['While it is stopped']);
    await create(leader, 'Afterwards');
    for (const tab of [leader, other]) {
      await untilTitles(tab, ['Afterwards', 'While it is stopped']);
      await untilStatus(tab, { pending: 0 });
    }
    assert.deepEqual(await world.storedTitles(user.id), ['Afterwards', 'While it is stopped']);
  },

  async 'a leader that was stopped writes nothing of its term when it returns'(world) {
    const { device, user, leader, other, pid } = await openTwoProcesses(world);
    // The leader's page of changes waits until another tab has led and read newer changes.
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    let held;
    await leader.route('**/sync?*', async (route) => {
      if (held) return route.continue();
      const answer = route.fetch();
      held = answer;
      await answer;
      await released;
      return route.fulfill({ response: await answer }).catch(() => undefined);
    });
    await world.createElsewhere(user.id, 'Draft');
    await until(() => held);
    const { changes } = await (await held).json();
    const [{ id }] = changes;
    process.kill(pid, 'SIGSTOP');
    try {
      await untilTitles(other, ['Draft']);
      await other.evaluate((id) => lane.tasks.update(id, { title: 'Final' }).stored, id);
      await untilStatus(other, { pending: 0 });
      release();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    for (const tab of [leader, other]) await untilTitles(tab, ['Final']);
    // The copy of the device is also the newer one.
    await device.context.setOffline(true);
    await device.start(leader, user.id);
    assert.deepEqual(await titlesOf(leader), ['Final']);
    await device.context.setOffline(false);
    await create(leader, 'Afterwards');
    for (const tab of [leader, other]) await untilTitles(tab, ['Afterwards', 'Final']);
  },

  async 'a tab in the back/forward cache does not lead, and takes part again when it returns'(world) {
    const { device, user } = await world.makeUser();
    const leader = await device.openTab(user.id);
    await untilSettled(leader);
    const other = await device.openTab(user.id);
    await untilSettled(other);
    await leader.evaluate(() => {
      globalThis.isTheSamePage = true;
      addEventListener('pageshow', ({ persisted }) => {
        globalThis.cameBack = persisted;
      });
    });
    await leader.goto(`${device.app}/elsewhere`);
    await until(() => device.streams === 2);
    await create(other, 'While it is away');
    await untilSettled(other);
    // A page from the cache does not load again.
    await leader.goBack({ waitUntil: 'commit' });
    assert.equal(await leader.evaluate(() => globalThis.isTheSamePage && globalThis.cameBack), true);
    await untilTitles(leader, ['While it is away']);
    // The other tab leads; when it closes, the first one does again.
    assert.equal(device.streams, 2);
    await other.close();
    await until(() => device.streams === 3);
    await create(leader, 'Back again');
    await untilSettled(leader);
    assert.deepEqual(await world.storedTitles(user.id), ['Back again', 'While it is away']);
  },

  async 'without Web Locks, each tab syncs for itself and nothing is lost'(world) {
    const { device, user } = await world.makeUser({ app: world.insecureApp });
    const tabs = [await device.openTab(user.id), await device.openTab(user.id)];
    assert.equal(await tabs[0].evaluate(() => navigator.locks), undefined);
    for (const tab of tabs) await untilSettled(tab);
    await until(() => device.streams === 2);
    await device.context.setOffline(true);
    const titles = ['A', 'B', 'C', 'D'];
    for (const [index, title] of titles.entries()) await create(tabs[index % 2], title);
    await device.start(tabs[1], user.id);
    assert.deepEqual(await titlesOf(tabs[1]), titles);
    await device.context.setOffline(false);
    for (const tab of tabs) {
      await untilSettled(tab);
      await untilTitles(tab, titles);
    }
    assert.deepEqual(await world.storedTitles(user.id), titles);
  },
};
