/** The app and the service behind one origin: requests carry the cookie of the session. */
import assert from 'node:assert/strict';
import { startDemo } from './demo.mjs';
import { focusTask, makeWorld, titlesOf, until } from './world.mjs';

export const tests = {
  async 'behind one origin, the cookie is enough, and changes of other devices arrive at once'({ browser }) {
    const demo = await startDemo({ TASKLANE_ACCESS: 'cookie' });
    const world = makeWorld(browser, demo);
    try {
      const { page, context, lane } = await world.start();
      const origins = new Set();
      const tokens = [];
      context.on('request', (request) => {
        origins.add(new URL(request.url()).origin);
        const { authorization } = request.headers();
        if (authorization) tokens.push(request.url());
      });
      const isStream = (response) => response.ok() && new URL(response.url()).pathname.endsWith('/events');
      const stream = context.waitForEvent('response', isStream);
      await page.reload();
      await stream;
      await until(async () => (await titlesOf(page)).includes('Water the plants'));
      await lane.tasks.create({
        title: 'From another device',
        due_date: (await lane.tasks.list({ view: 'today' })).items[0].due_date,
      });
      await until(async () => (await titlesOf(page)).includes('From another device'));
      await focusTask(page, 'From another device');
      await page.keyboard.press('1');
      await until(
        async () => (await lane.tasks.list({ q: 'another', priority: 'urgent' })).items.length === 1,
      );
      assert.deepEqual([...origins], [demo.app]);
      assert.deepEqual(tokens, []);
    } catch (error) {
      throw new Error(`${error.stack}\n${await world.describe()}`);
    } finally {
      await world.closeDevices();
      await demo.stop();
    }
  },
};
