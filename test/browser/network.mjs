/** Services that end, and devices that are away for long. */
import assert from 'node:assert/strict';
import {
  create,
  statusOf,
  titlesOf,
  until,
  untilSettled,
  untilStatus,
  untilTitles,
} from './support/device.mjs';

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const dateOf = (time) => new Date(time).toISOString().slice(0, 10);

export const tests = {
  async 'a service that is killed in the middle of writes carries each out once'(world) {
    const { device, user } = await world.makeUser();
    const tabs = [await device.openTab(user.id), await device.openTab(user.id)];
    for (const tab of tabs) await untilSettled(tab);
    const titles = [];
    const write = (count) =>
      Promise.all(
        Array.from({ length: count }, (_, n) => {
          titles.push(`Task ${String(titles.length).padStart(3, '0')}`);
          return create(tabs[n % 2], titles.at(-1));
        }),
      );
    // Few at a time are sent one by one, and many in batches.
    for (const count of [10, 120]) {
      const before = titles.length;
      const writing = write(count);
      await until(async () => (await world.storedTitles(user.id)).length > before);
      await world.killService();
      await writing;
      await write(10);
      for (const tab of tabs) await untilStatus(tab, { connection: 'offline' });
      for (const tab of tabs) await untilTitles(tab, titles);
      await world.startService();
      for (const tab of tabs) await untilSettled(tab);
    }
    assert.deepEqual(await world.storedTitles(user.id), titles);
    for (const tab of tabs) assert.deepEqual(await titlesOf(tab), titles);
    assert.equal((await statusOf(tabs[0])).failed, 0);
  },

  async 'changes of other devices arrive again after the connection was lost'(world) {
    const { device, user } = await world.makeUser();
    const tab = await device.openTab(user.id);
    // While Playwright intercepts requests, it answers all preflights itself.
    await device.context.unrouteAll();
    await untilSettled(tab);
    // The stream has had an event, so the next one begins after it.
    await world.createElsewhere(user.id, 'Before');
    await untilTitles(tab, ['Before']);
    await world.killService();
    await untilStatus(tab, { connection: 'offline' });
    await world.startService();
    await untilSettled(tab);
    await world.createElsewhere(user.id, 'After');
    await untilTitles(tab, ['After', 'Before']);
  },

  async 'a device that was offline for a week keeps what it has, and sends what was written'(world) {
    const { device, user } = await world.makeUser();
    const now = Date.now();
    // The device's clock shows the time of a week ago until the device is online again.
    await device.context.clock.install({ time: now - weekMs });
    const tab = await device.openTab(user.id);
    await create(tab, 'Kept');
    await untilSettled(tab);
    await device.context.setOffline(true);
    await untilStatus(tab, { connection: 'offline' });
    await tab.evaluate(
      (due_date) => lane.tasks.create({ title: 'Due', due_date }).stored,
      dateOf(now - weekMs + 24 * hourMs),
    );
    const completedAt = await tab.evaluate(async () => {
      const [{ id }] = lane.tasks.list({ q: 'Kept' });
      await lane.tasks.complete(id).stored;
      return Date.now();
    });
    const overdue = () => tab.evaluate(() => lane.tasks.list({ view: 'overdue' }).map(({ title }) => title));
    assert.deepEqual(await overdue(), []);
    await device.context.clock.fastForward(weekMs);
    await until(async () => (await overdue()).length === 1);
    await device.start(tab, user.id);
    assert.deepEqual(await titlesOf(tab), ['Due', 'Kept']);
    await world.createElsewhere(user.id, 'From the phone');
    await device.context.setOffline(false);
    await untilSettled(tab);
    await untilTitles(tab, ['Due', 'From the phone', 'Kept']);
    assert.deepEqual(await world.storedTitles(user.id), ['Due', 'From the phone', 'Kept']);
    const completed = await tab.evaluate(() => lane.tasks.list({ q: 'Kept' })[0].completed_at);
    const late = Math.abs(Date.parse(completed) - completedAt);
    assert.ok(late < hourMs, `it was completed a week ago, not at ${completed}`);
    await create(tab, 'Live again');
    await untilSettled(tab);
    await world.createElsewhere(user.id, 'And live');
    await until(async () => (await titlesOf(tab)).includes('And live'));
  },
};
