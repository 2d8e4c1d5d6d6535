/** Editing a task in its place. */
import assert from 'node:assert/strict';
import { focusTask, until } from './world.mjs';

const title = 'Ask Sam for the photos';
const taskOf = async (lane, q = 'photos') => (await lane.tasks.list({ q })).items[0];
const details = (page) => page.getByRole('complementary', { name: 'Details' });

async function open(world) {
  const started = await world.start('/all');
  await focusTask(started.page, title);
  await started.page.keyboard.press('Enter');
  await details(started.page).waitFor();
  return started;
}

export const tests = {
  async 'the title and the notes save themselves'(world) {
    const { page, lane } = await open(world);
    assert.equal(await details(page).getByRole('button', { name: 'Save' }).count(), 0);
    await details(page).getByLabel('Title').fill('Ask Sam for the photos of the party');
    await until(async () => (await taskOf(lane)).title === 'Ask Sam for the photos of the party');
    await details(page).getByLabel('Notes').fill('The ones with the cake.\nAll of them.');
    // What is written just before the page is left is kept, too.
    await page.reload();
    await until(async () => (await taskOf(lane)).description === 'The ones with the cake.\nAll of them.');
    await until(async () => (await details(page).getByLabel('Notes').inputValue()).startsWith('The ones'));
    await details(page).getByLabel('Title').fill('');
    await details(page).getByLabel('Title').blur();
    assert.equal(await details(page).getByLabel('Title').inputValue(), 'Ask Sam for the photos of the party');
  },

  async 'a change of another device shows while nobody writes'(world) {
    const { page, lane } = await open(world);
    await lane.tasks.update((await taskOf(lane)).id, { description: 'From the phone' });
    await until(async () => (await details(page).getByLabel('Notes').inputValue()) === 'From the phone');
  },

  async 'subtasks are added one after the other, completed and opened'(world) {
    const { page, lane } = await open(world);
    await details(page).getByLabel('Add a subtask').click();
    await page.keyboard.type('Write to Sam');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Choose three');
    await page.keyboard.press('Enter');
    await details(page).getByText('0/2').waitFor();
    await details(page)
      .getByRole('checkbox', { name: /Write to Sam/ })
      .click();
    await details(page).getByText('1/2').waitFor();
    const { id } = await taskOf(lane);
    await until(async () => (await lane.tasks.list({ parent_id: id })).items.length === 2);
    await details(page).getByRole('button', { name: 'Choose three' }).click();
    await until(async () => (await details(page).getByLabel('Title').inputValue()) === 'Choose three');
    await details(page).getByRole('button', { name: title }).click();
    await until(async () => (await details(page).getByLabel('Title').inputValue()) === title);
  },

  async 'a recurrence is read and said in words'(world) {
    const { page, lane } = await open(world);
    const repeat = details(page).getByLabel('Repeat');
    await repeat.fill('every other friday');
    await details(page)
      .getByText(/^every 2 weeks on Friday, from Fri/)
      .waitFor();
    await repeat.press('Enter');
    await until(async () => (await taskOf(lane)).rrule === 'FREQ=WEEKLY;INTERVAL=2;BYDAY=FR');
    await until(async () => (await repeat.inputValue()) === 'every 2 weeks on Friday');
    await repeat.fill('now and then');
    await details(page)
      .getByText(/^Not understood yet/)
      .waitFor();
    await repeat.press('Enter');
    await until(async () => (await repeat.inputValue()) === 'every 2 weeks on Friday');
    await repeat.fill('');
    await repeat.press('Enter');
    await until(async () => (await taskOf(lane)).rrule === null);
  },

  async 'reminders, the date, the priority, the project and the tags change in their place'(world) {
    const { page, lane } = await open(world);
    await details(page).getByText('They need a date').waitFor();
    await details(page).getByRole('button', { name: 'No date' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Tomorrow' }).click();
    await details(page).getByRole('button', { name: 'Add a reminder' }).click();
    await page.keyboard.type('45 min');
    await page.keyboard.press('Enter');
    await until(async () => (await taskOf(lane)).reminders[0]?.minutes_before_due === 45);
    await details(page).getByRole('button', { name: 'Remove the reminder 45 min before' }).click();
    await until(async () => (await taskOf(lane)).reminders.length === 0);
    await details(page).getByRole('button', { name: 'Medium' }).click();
    await page.getByRole('menuitemradio', { name: 'Urgent' }).click();
    await details(page).getByRole('button', { name: 'Inbox' }).click();
    await page.getByRole('option', { name: 'Reading' }).click();
    await details(page).getByRole('button', { name: '@phone' }).click();
    await page.getByRole('option', { name: 'errand' }).click();
    await page.keyboard.press('Escape');
    await until(async () => {
      const { priority, project_id, tags } = await taskOf(lane);
      return priority === 'urgent' && project_id !== null && tags.join() === 'errand,phone';
    });
  },
};
