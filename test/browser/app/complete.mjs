/** Completing tasks. */
import assert from 'node:assert/strict';
import { assertFast, focusTask, titlesOf, until } from './world.mjs';

const taskOf = async (lane, q) => (await lane.tasks.list({ q })).items[0];
const row = (page, title) => page.locator('main [data-task]', { hasText: title });
const focused = (page) => page.evaluate(() => document.activeElement?.textContent);

export const tests = {
  async 'a task is done at once, stays for a moment, and comes back with undo'(world) {
    const { page, lane } = await world.start();
    await focusTask(page, 'Send the invoice to Morgan');
    await page.evaluate(() => {
      const { id } = Object.assign(document.activeElement, { id: 'completed' });
      const begin = performance.now();
      globalThis.stayed = new Promise((resolve) => {
        new MutationObserver(() => {
          if (!document.getElementById(id)) resolve(performance.now() - begin);
        }).observe(document.querySelector('main'), { childList: true, subtree: true });
      });
    });
    await page.keyboard.press('e');
    await page.locator('#completed[data-done]').waitFor();
    assert.ok((await page.evaluate(() => globalThis.stayed)) >= 1_200);
    // The next row has the focus.
    await until(async () => (await focused(page))?.includes('Renew the library card'));
    await until(async () => (await taskOf(lane, 'invoice')).completed);
    await page.keyboard.press('z');
    await until(async () => (await titlesOf(page)).includes('Send the invoice to Morgan'));
    await until(async () => !(await taskOf(lane, 'invoice')).completed);
  },

  async 'the ring completes, and the message takes it back'(world) {
    const { page } = await world.start();
    const title = 'Buy oat milk and coffee';
    await row(page, title).getByRole('checkbox').click();
    await row(page, title).and(page.locator('[data-done]')).waitFor();
    await page.getByRole('button', { name: /^Undo/ }).click();
    await until(async () => (await row(page, title).getAttribute('data-done')) === null);
    assert.equal(new URL(page.url()).search, '', 'the details stay closed');
  },

  async 'a recurring task says its next date'(world) {
    const { page, lane } = await world.start();
    const { due_date } = await taskOf(lane, 'plants');
    await focusTask(page, 'Water the plants');
    await page.keyboard.press('e');
    await page.getByText(/Completed “Water the plants”\. Next: [A-Z0-9]/).waitFor();
    await until(async () => !(await titlesOf(page)).includes('Water the plants'));
    const next = await taskOf(lane, 'plants');
    assert.equal(Date.parse(next.due_date) - Date.parse(due_date), 3 * 86_400_000);
    await page.keyboard.press('z');
    await until(async () => (await titlesOf(page)).includes('Water the plants'));
    await until(async () => (await taskOf(lane, 'plants')).due_date === due_date);
  },

  async 'a completion shows within the budget'(world) {
    const { page } = await world.start();
    await focusTask(page, 'Renew the library card');
    await assertFast(page, ['e'], 'main [data-done]', async () => {
      await page.keyboard.press('z');
      await until(async () => (await page.locator('main [data-done]').count()) === 0);
      await focusTask(page, 'Renew the library card');
    });
  },
};
