/** Today, and the days after it. */
import assert from 'node:assert/strict';
import { until } from './world.mjs';

const group = (page, name) =>
  page.getByRole('region', { name }).locator('[data-task] [class*=words]').allTextContents();

export const tests = {
  async 'today shows what is overdue, what has a time, and the rest'(world) {
    const { page } = await world.start();
    await until(async () => (await group(page, 'Any time')).length > 0);
    assert.deepEqual(await group(page, 'Overdue'), ['Send the invoice to Morgan', 'Renew the library card']);
    assert.deepEqual(await group(page, 'At a time'), ['Stand-up with the design team', 'Call the dentist']);
    assert.deepEqual(await group(page, 'Any time'), [
      'Review the pricing page',
      'Water the plants',
      'Buy oat milk and coffee',
      'Reply to Jonas about the weekend',
    ]);
  },

  async 'an empty day has one sentence and one action'(world) {
    const { page } = await world.start('/today', { hasTasks: false });
    await page.getByText('Nothing is due today.').waitFor();
    await page.locator('main').getByRole('button', { name: 'Add a task' }).click();
    await page.getByRole('textbox', { name: 'New task' }).waitFor();
  },

  async 'a task that starts today is among the rest, and one that starts later is upcoming'(world) {
    const { page, lane } = await world.start('/today', { hasTasks: false });
    const date = (days) => {
      const now = new Date();
      return new Intl.DateTimeFormat('sv-SE').format(
        new Date(now.getFullYear(), now.getMonth(), now.getDate() + days),
      );
    };
    await lane.tasks.create({ title: 'Begin the taxes', start_date: date(0), due_date: date(20) });
    await lane.tasks.create({ title: 'Begin the garden', start_date: date(2), due_date: date(20) });
    await until(async () =>
      (await page.locator('main [data-task]').allTextContents())[0]?.includes('Begin the taxes'),
    );
    await page.keyboard.press('g');
    await page.keyboard.press('u');
    const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'long' }).format(
      new Date(`${date(2)}T12:00:00`),
    );
    await until(async () => (await group(page, new RegExp(weekday))).join() === 'Begin the garden');
  },

  async 'upcoming has a group for each of the next days, in order'(world) {
    const { page } = await world.start('/upcoming');
    await until(async () => (await page.locator('main h2').count()) > 2);
    const headings = await page.locator('main h2').allTextContents();
    assert.match(headings[0], /Tomorrow/);
    const first = await page
      .locator('main section section')
      .first()
      .locator('[data-task] [class*=words]')
      .allTextContents();
    // Tasks of a weekday are also in this group on the day before it.
    const always = ['Book the train to the airport', 'Pick up the parcel'];
    assert.deepEqual(
      first.filter((each) => always.includes(each)),
      always,
    );
  },
};
