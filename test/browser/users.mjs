/** Users who sign in, sign out, and share a device; and token addresses that fail. */
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

const signIn = (tab, { email, password }) =>
  tab.evaluate((user) => app.auth.signIn.email(user).then(() => undefined), { email, password });
const signOut = (tab) => tab.evaluate(() => app.auth.signOut().then(() => undefined));
const wake = (tab) => tab.evaluate(() => lane.wake());

/** Lets the event stream end as it does when the network changes. */
async function interrupt({ context }, tab) {
  await context.setOffline(true);
  await untilStatus(tab, { connection: 'offline' });
  await context.setOffline(false);
}

export const tests = {
  async 'a lane opens while the token address fails, and works as soon as it answers'(world) {
    const { device, user } = await world.makeUser();
    const failures = [{ status: 503 }, { status: 500, body: '<h1>Error</h1>' }, 'connectionrefused'];
    const failed = [];
    await device.context.route('**/api/auth/token', (route) => {
      const failure = failures.shift();
      if (!failure) return route.fallback();
      failed.push(failure);
      return typeof failure === 'string' ? route.abort(failure) : route.fulfill(failure);
    });
    const tab = await device.openTab(user.id);
    await create(tab, 'Early');
    assert.notEqual((await statusOf(tab)).connection, 'signed-out');
    await untilSettled(tab);
    assert.equal(failed.length, 3);
    assert.deepEqual(await world.storedTitles(user.id), ['Early']);
  },

  async 'one 503 of the token address does not end live updates'(world) {
    const { device, user } = await world.makeUser();
    const tab = await device.openTab(user.id);
    await untilSettled(tab);
    let refused = 0;
    await device.context.route('**/api/auth/token', (route) =>
      refused++ === 0 ? route.fulfill({ status: 503 }) : route.fallback(),
    );
    await tab.evaluate(() => app.token.forget());
    await interrupt(device, tab);
    await until(() => refused > 0);
    await untilStatus(tab, { connection: 'live' });
    await world.createElsewhere(user.id, 'From the phone');
    await untilTitles(tab, ['From the phone']);
  },

  async 'expired tokens are renewed, and the event stream continues'(world) {
    const { device, user } = await world.makeUser();
    // The first token is expired when it arrives, as it is from a cache; the others expire while the stream is open.
    const lifetimes = [-60, 3, 3];
    await device.context.route('**/api/auth/token', async (route) => {
      const lifetime = lifetimes.shift() ?? 900;
      await route.fulfill({ json: { token: await world.signToken(user.id, lifetime) } });
    });
    const tab = await device.openTab(user.id);
    await untilSettled(tab);
    await until(() => device.streams >= 2);
    await untilStatus(tab, { connection: 'live' });
    await create(tab, 'Renewed');
    await world.createElsewhere(user.id, 'From the phone');
    await untilTitles(tab, ['From the phone', 'Renewed']);
    await untilSettled(tab);
  },

  async 'the copy shows at start while the auth server is away, and takes writes'(world) {
    const { device, user } = await world.makeUser();
    const tab = await device.openTab(user.id);
    await create(tab, 'Known');
    await untilSettled(tab);
    let isAway = true;
    await device.context.route('**/api/auth/**', (route) =>
      isAway ? route.abort('connectionrefused') : route.fallback(),
    );
    await device.start(tab, user.id);
    assert.deepEqual(await titlesOf(tab), ['Known']);
    await create(tab, 'New');
    await untilStatus(tab, { connection: 'offline', complete: true, pending: 1, durable: true });
    assert.deepEqual(await titlesOf(tab), ['Known', 'New']);
    isAway = false;
    await untilSettled(tab);
    assert.deepEqual(await world.storedTitles(user.id), ['Known', 'New']);
  },

  async 'another user of the device neither sees nor sends what a user wrote'(world) {
    const { device, user: ada } = await world.makeUser();
    const bob = await (await world.makeDevice()).signUp();
    const tabOfAda = await device.openTab(ada.id);
    await untilSettled(tabOfAda);
    await device.context.setOffline(true);
    await create(tabOfAda, 'Private');
    // Ada's tab stays open. The session changes in another tab.
    const tab = await device.context.newPage();
    await tab.goto(`${device.app}/`);
    await device.context.route(`${world.url}/**`, (route) => route.abort());
    await device.context.setOffline(false);
    await signOut(tab);
    await signIn(tab, bob);
    await device.context.unroute(`${world.url}/**`);
    await untilStatus(tabOfAda, { connection: 'signed-out', pending: 1 });
    await device.start(tab, bob.id);
    await untilSettled(tab);
    assert.deepEqual(await titlesOf(tab), []);
    await create(tab, 'Of Bob');
    await untilSettled(tab);
    await device.start(tabOfAda, ada.id);
    await untilStatus(tabOfAda, { connection: 'signed-out', pending: 1 });
    assert.deepEqual(await world.storedTitles(ada.id), []);
    await signIn(tabOfAda, ada);
    await wake(tabOfAda);
    await untilSettled(tabOfAda);
    assert.deepEqual(await world.storedTitles(ada.id), ['Private']);
    assert.deepEqual(await world.storedTitles(bob.id), ['Of Bob']);
  },

  async 'a sign-out asks about unsent writes first, and then removes everything of the user'(world) {
    const { device, user } = await world.makeUser();
    const tabs = [await device.openTab(user.id), await device.openTab(user.id)];
    for (const tab of tabs) await untilSettled(tab);
    await device.context.setOffline(true);
    await create(tabs[0], 'Unsent');
    await untilTitles(tabs[1], ['Unsent']);
    // Channels get messages in the order in which they were opened, so the lane's own gets them before this one.
    await tabs[0].evaluate(async () => {
      const [{ name }] = await indexedDB.databases();
      new BroadcastChannel(name).addEventListener('message', ({ data }) => {
        globalThis.isWiped ||= data.message?.closed;
      });
    });
    const databases = () =>
      tabs[1].evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
    const refusal = await tabs[1].evaluate(() =>
      lane.close({ wipe: true }).then(
        () => undefined,
        ({ name, pending }) => ({ name, pending }),
      ),
    );
    assert.deepEqual(refusal, { name: 'UnsentWritesError', pending: 1 });
    assert.deepEqual(await titlesOf(tabs[1]), ['Unsent']);
    assert.equal((await databases()).length, 1);
    await tabs[1].evaluate(() => lane.close({ wipe: true, discard: true }));
    assert.deepEqual(await databases(), []);
    // The other tab does not write it back.
    await until(() => tabs[0].evaluate(() => globalThis.isWiped));
    await assert.rejects(create(tabs[0], 'Late'), /The lane is closed/);
    await device.context.setOffline(false);
    assert.deepEqual(await databases(), []);
    await device.start(tabs[0], user.id);
    await untilSettled(tabs[0]);
    assert.deepEqual(await titlesOf(tabs[0]), []);
    assert.deepEqual(await world.storedTitles(user.id), []);
  },
};
