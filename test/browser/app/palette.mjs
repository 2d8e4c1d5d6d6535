/** The palette, and the help of the keys. */
import assert from 'node:assert/strict';
import { assertFast, focusTask, until } from './world.mjs';

const found = (page) => page.getByRole('option').allTextContents();
const isOpen = (page, name) => page.getByRole('dialog', { name }).isVisible();

export const tests = {
  async 'the palette finds tasks, projects and commands, also without a network'(world) {
    const { page, context } = await world.start();
    await context.setOffline(true);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('alfama');
    await until(async () => (await found(page))[0]?.startsWith('Find a restaurant in Alfama'));
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'Details' }).waitFor();
    assert.equal(await page.getByRole('combobox').count(), 0);
    await page.keyboard.press('Escape');

    await page.keyboard.press('/');
    await page.keyboard.type('lisbon');
    const texts = await found(page);
    assert.ok(
      texts.some((each) => each.startsWith('Trip to Lisbon')),
      `${texts}`,
    );
    await page.getByRole('option', { name: 'Trip to Lisbon' }).filter({ hasText: 'Project' }).click();
    await page.getByRole('heading', { name: 'Trip to Lisbon', level: 1 }).waitFor();

    await page.keyboard.press('Control+k');
    await page.keyboard.type('upcom');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Upcoming', level: 1 }).waitFor();
  },

  async 'a command of the palette changes the task that had the focus'(world) {
    const { page } = await world.start();
    await focusTask(page, 'Water the plants');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('priority urg');
    await page.keyboard.press('Enter');
    await until(async () => !(await page.getByRole('combobox').isVisible()));
    await page.keyboard.press('z');
    await page.getByText('Undone: Set the priority of “Water the plants”').waitFor();
  },

  async 'Escape closes the palette, and the focus goes back to the row'(world) {
    const { page } = await world.start();
    await focusTask(page, 'Water the plants');
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await until(() => page.evaluate(() => document.activeElement?.textContent?.includes('Water the plants')));
  },

  async 'the palette opens and answers within the budget'(world) {
    const { page } = await world.start();
    await assertFast(page, ['Control+k'], '[role=option]', () => page.keyboard.press('Escape'));
    await page.keyboard.press('/');
    await assertFast(page, ['w'], '[role=option] [class*=title]', () => page.keyboard.press('Backspace'));
  },

  async 'the help lists the keys, and single keys can be switched off for good'(world) {
    const { page } = await world.start();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await help.getByText('Complete or reopen').waitFor();
    await help.getByText('Go to Today').waitFor();
    await help.getByRole('switch').click();
    await page.keyboard.press('Escape');

    await page.reload();
    await page.locator('main [data-task]').first().waitFor();
    await page.locator('main [data-task]').first().focus();
    await page.keyboard.press('?');
    await page.keyboard.press('q');
    await page.keyboard.press('g');
    await page.keyboard.press('u');
    assert.equal(await page.getByRole('dialog').count(), 0);
    assert.equal(new URL(page.url()).pathname, '/today');
    await page.keyboard.press('Control+k');
    await until(() => isOpen(page, 'Search tasks and commands'));
  },
};
