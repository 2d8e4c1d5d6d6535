/** Without a network and back. */
import assert from 'node:assert/strict';
import { focusTask, goTo, titlesOf, until } from './world.mjs';

const sign = (page) => page.locator('[data-sync]');
const workerIsReady = (page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      );
  });

export const tests = {
  async 'without a network, one sign says how many changes wait, and they are sent later'(world) {
    const { page, context, lane } = await world.start();
    await until(async () => (await sign(page).count()) === 0);
    await context.setOffline(true);
    await focusTask(page, 'Water the plants');
    await page.keyboard.press('1');
    await focusTask(page, 'Call the dentist');
    await page.keyboard.press('1');
    await page.getByText('Offline · 2 changes to send').waitFor();
    assert.equal(await sign(page).count(), 1);
    await context.setOffline(false);
    await until(async () => {
      const { items } = await lane.tasks.list({ priority: 'urgent', q: 'plants' });
      return items.length === 1;
    });
    await until(async () => (await sign(page).count()) === 0);
  },

  async 'the app opens without a network, at each screen, and keeps what was changed'(world) {
    const { page, context, lane } = await world.start();
    await workerIsReady(page);
    await context.setOffline(true);
    await page.reload();
    await until(async () => (await titlesOf(page)).includes('Water the plants'));
    await focusTask(page, 'Water the plants');
    await page.keyboard.press('Backspace');
    // Another tab shows the change after the device has stored it.
    const other = await world.openTab(context, '/today');
    await until(async () => {
      const titles = await titlesOf(other);
      return titles.length > 0 && !titles.includes('Water the plants');
    });
    await goTo(page, '/upcoming');
    await until(async () => (await titlesOf(page)).length > 0);
    for (const path of ['/board', '/settings', '/statistics', '/trash', '/failed']) await goTo(page, path);
    await goTo(page, '/today');
    await until(async () => (await titlesOf(page)).length > 0);
    assert.ok(!(await titlesOf(page)).includes('Water the plants'));
    await context.setOffline(false);
    await until(async () => (await sign(page).count()) === 0);
    // A search would find similar words.
    const { items } = await lane.tasks.list({ view: 'today' });
    assert.ok(!items.some(({ title }) => title === 'Water the plants'));
  },

  async 'the service worker keeps nothing of the service and of the accounts'(world) {
    const { page } = await world.start();
    await workerIsReady(page);
    const kept = await page.evaluate(async () => {
      const caches = await Promise.all(
        (await globalThis.caches.keys()).map((name) => globalThis.caches.open(name)),
      );
      const requests = await Promise.all(caches.map((each) => each.keys()));
      return requests.flat().map(({ url }) => new URL(url).pathname);
    });
    assert.ok(kept.includes('/'));
    assert.deepEqual(
      kept.filter((path) => path !== '/' && !path.startsWith('/_next/static/')),
      [],
    );
  },

  async 'failed changes are in one place, where each can be sent again or discarded'(world) {
    const { page, context, lane } = await world.start();
    const [plants] = (await lane.tasks.list({ q: 'plants' })).items;
    const [dentist] = (await lane.tasks.list({ q: 'dentist' })).items;
    await context.setOffline(true);
    for (const title of [plants.title, dentist.title]) {
      await focusTask(page, title);
      await page.keyboard.press('1');
    }
    // Another device deletes the tasks meanwhile.
    await lane.tasks.delete(plants.id);
    await lane.tasks.delete(dentist.id);
    await context.setOffline(false);
    await page.getByText('2 changes not saved').click();
    await page.getByRole('heading', { name: 'Not saved' }).waitFor();
    await until(async () => (await page.locator('main li').count()) === 2);
    await page.locator('main li').first().getByRole('button', { name: 'Restore and try again' }).click();
    await until(async () => (await page.locator('main li').count()) === 1);
    await page.locator('main li').first().getByRole('button', { name: 'Discard' }).click();
    await page.getByText('Everything is saved.').waitFor();
    await until(
      async () =>
        (await lane.tasks.list({ priority: 'urgent', id: [plants.id, dentist.id] })).items.length === 1,
    );
    await until(async () => (await sign(page).count()) === 0);
  },
};
