/** Undo, and the trash. */
import assert from 'node:assert/strict';
import { assertFast, focusTask, titlesOf, until } from './world.mjs';

const title = 'Water the plants';
const taskOf = async (lane) => {
  const { items } = await lane.tasks.list({ q: title });
  // Without it, the search finds similar words.
  return items.find((each) => each.title === title);
};
const isSettled = (page) => until(async () => (await page.locator('[data-sync]').count()) === 0);

/** What each key changes, and what the undo must bring back. */
const changes = {
  async complete(page) {
    await page.keyboard.press('e');
  },
  async priority(page) {
    await page.keyboard.press('1');
  },
  async delete(page) {
    await page.keyboard.press('Backspace');
  },
  async date(page) {
    await page.keyboard.press('t');
    await page.getByRole('dialog').getByText('Tomorrow').click();
  },
  async project(page) {
    await page.keyboard.press('v');
    await page.keyboard.type('Reading');
    await page.keyboard.press('Enter');
  },
  async 'new project'(page) {
    await page.keyboard.press('v');
    await page.keyboard.type('A new project');
    await page.keyboard.press('Enter');
  },
  async tags(page) {
    await page.keyboard.press('l');
    await page.keyboard.type('errand');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
  },
};

const kept = ({ status, priority, due_date, due_time, project_id, tags, rrule, repeat_from }) =>
  JSON.stringify({ status, priority, due_date, due_time, project_id, tags, rrule, repeat_from });

export const tests = {
  async 'each change of a task can be taken back, before and after it was sent'(world) {
    const { page, lane, context } = await world.start();
    const before = kept(await taskOf(lane));
    for (const isOffline of [false, true]) {
      for (const [name, change] of Object.entries(changes)) {
        await context.setOffline(isOffline);
        await focusTask(page, title);
        await change(page);
        if (!isOffline) {
          await until(async () => {
            const task = await taskOf(lane);
            return !task || kept(task) !== before;
          });
        }
        await page.keyboard.press('z');
        await page.getByText('Undone:').waitFor();
        await context.setOffline(false);
        await until(async () => {
          const task = await taskOf(lane);
          return task && kept(task) === before;
        });
        await until(async () => (await titlesOf(page)).includes(title));
        process.stdout.write(`  ${name}${isOffline ? ' (not sent)' : ''}\n`);
      }
    }
    assert.equal(kept(await taskOf(lane)), before);
  },

  async 'the button of the message takes a deletion back'(world) {
    const { page } = await world.start();
    await focusTask(page, title);
    await page.keyboard.press('Backspace');
    await until(async () => !(await titlesOf(page)).includes(title));
    await page.getByRole('button', { name: 'Undo' }).click();
    await until(async () => (await titlesOf(page)).includes(title));
  },

  async 'undo shows within the budget'(world) {
    const { page, context } = await world.start();
    await context.setOffline(true);
    await focusTask(page, title);
    await page.keyboard.press('1');
    await assertFast(page, ['z'], '[role=status] [class*=toast]', async () => {
      await focusTask(page, title);
      await page.keyboard.press('1');
    });
  },

  async 'the trash restores, deletes one for good, and empties itself after a question'(world) {
    const { page, lane } = await world.start();
    for (const each of [title, 'Call the dentist', 'Buy oat milk and coffee']) {
      await focusTask(page, each);
      await page.keyboard.press('Backspace');
    }
    for (const key of ['g', 'x']) await page.keyboard.press(key);
    await until(async () => (await page.getByRole('button', { name: /^Restore/ }).count()) === 3);
    await page.getByRole('button', { name: `Restore “${title}”` }).click();
    await until(async () => await taskOf(lane));
    await until(async () => (await page.getByRole('button', { name: `Restore “${title}”` }).count()) === 0);

    await page.getByRole('button', { name: 'Delete “Call the dentist” for good' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
    await until(async () => (await page.getByText('Call the dentist').count()) === 0);

    await page.getByRole('button', { name: 'Empty the trash' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await lane.trash.list()).items.length, 1);
    await page.getByRole('button', { name: 'Empty the trash' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Empty the trash' }).click();
    await page.getByText('The trash is empty.').waitFor();
    assert.equal((await lane.trash.list()).items.length, 0);
    await isSettled(page);
  },
};
