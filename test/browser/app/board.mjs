/** The board and the statistics. */
import assert from 'node:assert/strict';
import { assertFast, focusTask, until } from './world.mjs';

const column = (page, name) => page.getByRole('region', { name, exact: true });
const cards = (page, name) => column(page, name).locator('[data-task]').allTextContents();
const has = async (page, name, title) => (await cards(page, name)).some((each) => each.includes(title));
const statusOf = async (lane, q) => (await lane.tasks.list({ q })).items[0]?.status;

export const tests = {
  async 'a card moves to another column with the keys, and back with undo'(world) {
    const { page, lane } = await world.start('/board');
    await until(() => has(page, 'To do', 'Pick up the parcel'));
    await focusTask(page, 'Pick up the parcel');
    await page.keyboard.press('Alt+ArrowRight');
    await until(() => has(page, 'In progress', 'Pick up the parcel'));
    await until(() =>
      page.evaluate(() => document.activeElement?.textContent?.includes('Pick up the parcel')),
    );
    await until(async () => (await statusOf(lane, 'parcel')) === 'in_progress');
    await page.keyboard.press('Alt+ArrowRight');
    await until(() => has(page, 'Done', 'Pick up the parcel'));
    await page.keyboard.press('z');
    await until(() => has(page, 'In progress', 'Pick up the parcel'));
    await until(async () => (await statusOf(lane, 'parcel')) === 'in_progress');
  },

  async 'a card moves to another column with the mouse'(world) {
    const { page, lane } = await world.start('/board');
    await until(() => has(page, 'To do', 'Pick up the parcel'));
    const card = page.locator('[data-task]', { hasText: 'Pick up the parcel' });
    await card.scrollIntoViewIfNeeded();
    const from = await card.boundingBox();
    const to = await column(page, 'In progress').boundingBox();
    await page.mouse.move(from.x + from.width / 2, from.y + 10);
    await page.mouse.down();
    await page.mouse.move(from.x + from.width / 2 + 40, from.y + 20, { steps: 3 });
    await page.mouse.move(to.x + to.width / 2, Math.max(to.y + 60, 120), { steps: 8 });
    await page.mouse.up();
    await until(() => has(page, 'In progress', 'Pick up the parcel'));
    assert.equal(new URL(page.url()).search, '');
    await until(async () => (await statusOf(lane, 'parcel')) === 'in_progress');
  },

  async 'the columns can be priorities, and the device remembers that'(world) {
    const { page } = await world.start('/board');
    await page.getByLabel('Columns').selectOption('priority');
    await until(() => has(page, 'Urgent', 'Review the pricing page'));
    await page.reload();
    await until(() => has(page, 'Urgent', 'Review the pricing page'));
    await focusTask(page, 'Review the pricing page');
    await page.keyboard.press('Alt+ArrowRight');
    await until(() => has(page, 'High', 'Review the pricing page'));
  },

  async 'a card moves within the budget'(world) {
    const { page, context } = await world.start('/board');
    await until(() => has(page, 'To do', 'Pick up the parcel'));
    await context.setOffline(true);
    await focusTask(page, 'Pick up the parcel');
    await assertFast(page, ['Alt+ArrowRight'], '[data-column=in_progress] [data-task]', async () => {
      await page.keyboard.press('Alt+ArrowLeft');
      await until(() => has(page, 'To do', 'Pick up the parcel'));
      await focusTask(page, 'Pick up the parcel');
    });
  },

  async 'the statistics follow a completion, and show without a network'(world) {
    const { page, lane, context } = await world.start('/statistics');
    const completed = page.locator('dl > div', { hasText: 'Completed' }).locator('dd').first();
    await completed.waitFor();
    const before = Number(await completed.textContent());
    const [parcel] = (await lane.tasks.list({ q: 'parcel' })).items;
    await lane.tasks.complete(parcel.id);
    await until(async () => Number(await completed.textContent()) === before + 1);
    await page.getByRole('table', { name: 'Completed each day' }).waitFor({ state: 'attached' });
    await context.setOffline(true);
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await until(async () => Number(await completed.textContent()) === before + 1);
  },
};
