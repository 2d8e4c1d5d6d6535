/** Lists by keyboard. */
import assert from 'node:assert/strict';
import { assertFast, focusTask, goTo, titlesOf, until } from './world.mjs';

const focused = (page) =>
  page.evaluate(
    () =>
      document.activeElement?.querySelector('[class*=words]')?.textContent ?? document.activeElement?.tagName,
  );
const isFocused = (page, title) => until(async () => (await focused(page)) === title);
const details = (page) => page.getByRole('complementary', { name: 'Details' });
const taskOf = async (lane, q) => (await lane.tasks.list({ q })).items[0];

export const tests = {
  async 'j and k move, Enter opens, and Escape closes'(world) {
    const { page } = await world.start();
    await until(async () => (await titlesOf(page)).length > 5);
    const [first, second, third] = await titlesOf(page);
    await page.keyboard.press('j');
    await isFocused(page, first);
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    await isFocused(page, third);
    await page.keyboard.press('k');
    await isFocused(page, second);
    await page.keyboard.press('Enter');
    await details(page).getByRole('textbox', { name: 'Title' }).waitFor();
    assert.equal(await details(page).getByRole('textbox', { name: 'Title' }).inputValue(), second);
    // Open details follow the focus.
    await page.keyboard.press('j');
    await until(
      async () => (await details(page).getByRole('textbox', { name: 'Title' }).inputValue()) === third,
    );
    await page.keyboard.press('Escape');
    await details(page).waitFor({ state: 'detached' });
    await isFocused(page, third);
  },

  async 'x marks tasks, and keys change all that are marked'(world) {
    const { page, lane } = await world.start('/all');
    await focusTask(page, 'Ask Sam for the photos');
    await page.keyboard.press('x');
    await focusTask(page, 'Learn to make sourdough');
    await page.keyboard.press('x');
    assert.equal(await page.locator('[data-marked]').count(), 2);
    await page.keyboard.press('2');
    await until(async () => (await taskOf(lane, 'photos')).priority === 'high');
    await until(async () => (await taskOf(lane, 'sourdough')).priority === 'high');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('[data-marked]').count(), 0);
  },

  async 'tags and projects are chosen with the keys'(world) {
    const { page, lane } = await world.start('/all');
    await focusTask(page, 'Ask Sam for the photos');
    await page.keyboard.press('l');
    await page.keyboard.type('errand');
    await page.keyboard.press('Enter');
    await page.keyboard.type('a new tag');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await until(async () => (await taskOf(lane, 'photos')).tags.join() === 'a new tag,errand,phone');
    await isFocused(page, 'Ask Sam for the photos');
    await page.keyboard.press('v');
    await page.keyboard.type('lisb');
    await page.keyboard.press('Enter');
    await until(async () => (await taskOf(lane, 'photos')).project_id !== null);
    await isFocused(page, 'Ask Sam for the photos');
  },

  async 'the focus survives what disappears, here and on another device'(world) {
    const { page, lane } = await world.start();
    await until(async () => (await titlesOf(page)).length > 5);
    const [first, second, third] = await titlesOf(page);
    await page.keyboard.press('j');
    await isFocused(page, first);
    await page.keyboard.press('Backspace');
    await isFocused(page, second);
    const { items } = await lane.tasks.list({ q: second });
    await lane.tasks.delete(items[0].id);
    await isFocused(page, third);
    // The last row has no row below it.
    const last = (await titlesOf(page)).at(-1);
    const before = (await titlesOf(page)).at(-2);
    await focusTask(page, last);
    await page.keyboard.press('Delete');
    await isFocused(page, before);
    while ((await titlesOf(page)).length > 0) {
      const count = (await titlesOf(page)).length;
      await page.keyboard.press('Backspace');
      await until(async () => (await titlesOf(page)).length < count);
    }
    await isFocused(page, 'H1');
    await page.getByText('Nothing is due today.').waitFor();
  },

  async 'sequences lead to screens, and single keys can be switched off'(world) {
    const { page } = await world.start();
    await page.keyboard.press('g');
    await page.keyboard.press('u');
    await page.getByRole('heading', { name: 'Upcoming', level: 1 }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.getByRole('combobox', { name: 'Go to a project' }).waitFor();
    await page.keyboard.type('read');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Reading', level: 1 }).waitFor();
    await page.evaluate(() => localStorage.setItem('tasklane app preferences', '{"singleKeys":false}'));
    await goTo(page, '/today');
    await until(async () => (await titlesOf(page)).length > 5);
    await page.keyboard.press('q');
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    // The arrow has moved the focus, so the keys before it had their time.
    await isFocused(page, (await titlesOf(page))[0]);
    assert.equal(await page.locator('dialog').count(), 0);
  },

  async 'the keys show their effect within the budget'(world) {
    const { page } = await world.start();
    await until(async () => (await titlesOf(page)).length > 5);
    const blur = () => page.evaluate(() => document.activeElement?.blur());
    await assertFast(page, ['j'], 'main [data-task]:focus', blur);
    await assertFast(page, ['g', 'u'], 'nav a[href="/upcoming"][aria-current]', () => goTo(page, '/today'));
    await focusTask(page, 'Water the plants');
    await assertFast(page, ['x'], 'main [data-marked]', () => page.keyboard.press('x'));
    await assertFast(page, ['Enter'], 'aside textarea', () => page.keyboard.press('Escape'));
  },
};
