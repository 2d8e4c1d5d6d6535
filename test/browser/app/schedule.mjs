/** Dates: one key and one click, words, a calendar, and all overdue tasks at once. */
import assert from 'node:assert/strict';
import { assertFast, focusTask, titlesOf, until } from './world.mjs';

const title = 'Find a restaurant in Alfama';
const taskOf = async (lane) => (await lane.tasks.list({ q: title })).items[0];
const popover = (page) => page.getByRole('dialog', { name: /^Date of/ });
const dateOf = (date) => new Intl.DateTimeFormat('sv-SE').format(date);

/** The date in some days, and the next one with a weekday (0 for Sunday). */
function dates() {
  const inDays = (days) => {
    const now = new Date();
    return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
  };
  const next = (weekday) => inDays(((weekday - inDays(0).getDay() + 6) % 7) + 1);
  return { Today: inDays(0), Tomorrow: inDays(1), Weekend: next(6), 'Next week': next(1) };
}

export const tests = {
  async 'the date is today, tomorrow, at the weekend, next week, or none'(world) {
    const { page, lane } = await world.start('/all');
    for (const [name, date] of [...Object.entries(dates()), ['No date', null]]) {
      await focusTask(page, title);
      await page.keyboard.press('t');
      await popover(page).getByRole('button', { name }).click();
      const wanted = date && dateOf(date);
      await until(async () => (await taskOf(lane)).due_date === wanted);
    }
  },

  async 'the date can be typed, also with a time and a recurrence'(world) {
    const { page, lane } = await world.start('/all');
    await focusTask(page, title);
    await page.keyboard.press('t');
    await page.keyboard.type('friday 9am');
    await popover(page)
      .getByText(/^Fri .* · 09:00$/)
      .waitFor();
    await page.keyboard.press('Enter');
    await until(async () => (await taskOf(lane)).due_time === '09:00');
    const { due_date } = await taskOf(lane);
    assert.equal(new Date(`${due_date}T00:00:00Z`).getUTCDay(), 5);
    // The row has the focus again.
    await page.keyboard.press('t');
    await page.keyboard.type('every 2 weeks');
    await popover(page)
      .getByText(/repeats$/)
      .waitFor();
    await page.keyboard.press('Enter');
    await until(async () => (await taskOf(lane)).rrule === 'FREQ=WEEKLY;INTERVAL=2');
    await page.keyboard.press('t');
    await page.keyboard.type('no idea');
    await popover(page).getByText('Not a date yet').waitFor();
    await page.keyboard.press('Escape');
    await popover(page).waitFor({ state: 'detached' });
  },

  async 'the date can be chosen in the calendar with the keys'(world) {
    const { page, lane } = await world.start('/all');
    await focusTask(page, title);
    await page.keyboard.press('t');
    await popover(page).locator('[aria-current=date]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    const now = new Date();
    const wanted = dateOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() + 8));
    await until(() => page.evaluate((date) => document.activeElement?.dataset.date === date, wanted));
    await page.keyboard.press('Enter');
    await until(async () => (await taskOf(lane)).due_date === wanted);
  },

  async 'all overdue tasks move at once, and back'(world) {
    const { page, lane } = await world.start();
    const overdue = page.getByRole('region', { name: 'Overdue' });
    await overdue.waitFor();
    const late = ['Send the invoice to Morgan', 'Renew the library card'];
    const before = (await lane.tasks.list({ view: 'overdue' })).items.filter((each) =>
      late.includes(each.title),
    );
    await page.getByRole('button', { name: 'Reschedule all' }).click();
    await popover(page).getByRole('button', { name: 'Tomorrow' }).click();
    await overdue.waitFor({ state: 'detached' });
    assert.ok(!(await titlesOf(page)).some((each) => late.includes(each)));
    await page.keyboard.press('z');
    await overdue.waitFor();
    await until(async () => {
      const { items } = await lane.tasks.list({ id: before.map(({ id }) => id) });
      return before.every(({ id, due_date }) => items.find((each) => each.id === id).due_date === due_date);
    });
  },

  async 'it opens, and shows the new date, within the budget'(world) {
    const { page } = await world.start('/all');
    await focusTask(page, title);
    await assertFast(page, ['t'], ':popover-open input:focus', () => page.keyboard.press('Escape'));
  },
};
