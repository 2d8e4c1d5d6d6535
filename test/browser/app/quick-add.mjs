/** New tasks from sentences. */
import assert from 'node:assert/strict';
import { assertFast, goTo, titlesOf, until } from './world.mjs';

const chips = (page) =>
  page.getByRole('list', { name: 'What was understood' }).getByRole('listitem').allInnerTexts();
const marks = (page) => page.locator('dialog mark').allTextContents();
const field = (page) => page.getByRole('textbox', { name: 'New task' });
// A search would also find similar words.
const taskOf = async (lane, begin) =>
  (await lane.tasks.list()).items.find(({ title }) => title.startsWith(begin));

export const tests = {
  async 'what the words became shows while somebody types, and can be rejected'(world) {
    const { page, lane } = await world.start();
    await page.keyboard.press('q');
    await page.keyboard.type('Call Bob tomorrow at 5 #home @phone p1');
    await until(async () => (await chips(page)).length === 5);
    assert.deepEqual(await chips(page), ['Tomorrow', '17:00\n?', 'Home', 'phone', 'Urgent']);
    assert.deepEqual(await marks(page), ['tomorrow', 'at 5', '#home', '@phone', 'p1']);

    await page.getByRole('button', { name: 'Do not use Home' }).click();
    await page.getByRole('button', { name: 'Do not use phone' }).click();
    // What was rejected stays rejected while the text goes on.
    await field(page).pressSequentially(' soon');
    await until(async () => (await marks(page)).length === 3);
    await page.keyboard.press('Enter');
    const task = await until(() => taskOf(lane, 'Call Bob'));
    const { title, due_time, priority, tags, project_id } = task;
    assert.deepEqual(
      { title, due_time, priority, tags, project_id },
      {
        title: 'Call Bob #home @phone soon',
        due_time: '17:00',
        priority: 'urgent',
        tags: [],
        project_id: null,
      },
    );
  },

  async 'Enter saves and stays open, and the draft survives a reload'(world) {
    const { page, lane } = await world.start('/inbox');
    await page.keyboard.press('q');
    await page.keyboard.type('The first of two');
    await page.keyboard.press('Enter');
    await page.getByText('Added “The first of two”').waitFor();
    assert.equal(await field(page).inputValue(), '');
    await page.keyboard.type('The second tomorr');
    await page.reload();
    await until(async () => (await titlesOf(page)).includes('The first of two'));
    await page.keyboard.press('q');
    assert.equal(await field(page).inputValue(), 'The second tomorr');
    await page.keyboard.type('ow');
    await until(async () => (await chips(page)).includes('Tomorrow'));
    await page.keyboard.press('Enter');
    await until(async () => (await titlesOf(page)).includes('The second'));
    await until(() => taskOf(lane, 'The second'));
    await page.keyboard.press('Escape');
    await until(async () => (await page.locator('dialog').count()) === 0);
  },

  async 'a task gets what the screen shows, unless that is rejected'(world) {
    const { page, lane } = await world.start();
    await page.getByRole('navigation').getByText('Reading').first().click();
    await page.getByRole('heading', { name: 'Reading', level: 1 }).waitFor();
    await page.keyboard.press('q');
    await page.keyboard.type('A book of the project');
    await until(async () => (await chips(page)).join() === 'Reading');
    await page.keyboard.press('Enter');
    await until(async () => (await titlesOf(page)).includes('A book of the project'));
    await goTo(page, '/today');
    await page.keyboard.press('q');
    await page.keyboard.type('Someday');
    await page.getByRole('button', { name: 'Do not use Today' }).click();
    await field(page).press('Enter');
    const task = await until(() => taskOf(lane, 'Someday'));
    assert.equal(task.due_date, null);
  },

  async 'it opens and saves within the budget'(world) {
    const { page } = await world.start();
    await assertFast(page, ['q'], 'dialog[open] textarea:focus', () => page.keyboard.press('Escape'));
    await page.keyboard.press('q');
    await page.keyboard.type('Water the cactus');
    await assertFast(page, ['Enter'], 'dialog [role=status] svg', () => page.keyboard.type('Water it again'));
  },
};
