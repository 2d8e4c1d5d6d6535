/** Users, tabs, sign-out and addresses of other users. */
import assert from 'node:assert/strict';
import { focusTask, goTo, titlesOf, until } from './world.mjs';

const signOut = async (page) => {
  await page
    .getByRole('button', { name: /^Account/ })
    .first()
    .click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
};
const databases = (page) => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

export const tests = {
  async 'two users of one device see only their own tasks'(world) {
    const { page, context, user } = await world.start();
    await until(async () => (await titlesOf(page)).includes('Water the plants'));
    await signOut(page);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(
      (await databases(page)).filter((name) => name.includes(user.id)),
      [],
    );

    const other = await world.signUp(context);
    await other.lane.tasks.create({ title: 'A task of the second user' });
    await page.goto('/all');
    await until(
      async () => JSON.stringify(await titlesOf(page)) === JSON.stringify(['A task of the second user']),
    );

    await context.clearCookies();
    await context.request.post('/api/auth/sign-in/email', { data: user, headers: { origin: world.app } });
    await page.goto('/all');
    await until(async () => (await titlesOf(page)).includes('Water the plants'));
    assert.ok(!(await titlesOf(page)).includes('A task of the second user'));
  },

  async 'eight tabs show a change at once, and share one event stream'(world) {
    const { context } = await world.makeUser();
    let streams = 0;
    context.on('response', (each) => {
      if (each.ok() && new URL(each.url()).pathname.endsWith('/events')) streams++;
    });
    const tabs = [];
    for (let count = 0; count < 8; count++) tabs.push(await world.openTab(context));
    const [first] = tabs;
    await until(async () => (await titlesOf(first)).includes('Water the plants'));
    await first.bringToFront();
    await focusTask(first, 'Water the plants');
    await first.keyboard.press('Backspace');
    for (const tab of tabs)
      await until(async () => {
        const titles = await titlesOf(tab);
        return titles.length > 0 && !titles.includes('Water the plants');
      });
    assert.equal(streams, 1);
  },

  async 'a sign-out asks before changes are lost, and ends the other tabs'(world) {
    const { page, context, user } = await world.start();
    const other = await world.openTab(context);
    await until(async () => (await titlesOf(other)).length > 0);
    await page.bringToFront();
    await context.setOffline(true);
    await focusTask(page, 'Water the plants');
    await page.keyboard.press('1');
    await page.getByText('Offline · 1 change to send').waitFor();
    await signOut(page);
    const question = page.getByRole('dialog', { name: 'Sign out?' });
    await question.getByText('1 change of this device is not saved yet').waitFor();
    await question.getByRole('button', { name: 'Cancel' }).click();
    assert.ok((await titlesOf(page)).includes('Water the plants'));

    await context.setOffline(false);
    await until(async () => (await page.locator('[data-sync]').count()) === 0);
    await signOut(page);
    for (const tab of [page, other]) await tab.waitForURL('**/sign-in**');
    await until(async () => !(await databases(page)).some((name) => name.includes(user.id)));
  },

  async 'the address of a task of another user shows nothing of it'(world) {
    const other = await world.makeUser({ hasTasks: false });
    const task = await other.lane.tasks.create({ title: 'A secret of another user' });
    const { page } = await world.start();
    await goTo(page, `/task/${task.id}`);
    await page.getByRole('heading', { name: 'No such task' }).waitFor();
    await page.goto(`/today?task=${task.id}`);
    await until(async () => (await titlesOf(page)).length > 0);
    await until(() => !page.url().includes('task='));
    assert.equal(await page.getByText('A secret of another user').count(), 0);
  },

  async 'somebody who is not signed in comes to the sign-in, and then to the wanted screen'(world) {
    const context = await world.makeDevice();
    const page = await context.newPage();
    await page.goto('/upcoming');
    await page.waitForURL('**/sign-in?to=%2Fupcoming');
    await page.getByRole('link', { name: 'Create an account' }).click();
    await page.getByLabel('Name').fill('Grace');
    await page.getByLabel('E-mail').fill(`grace-${process.pid}@example.com`);
    await page.getByLabel('Password').fill('correct horse battery staple');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.waitForURL(/\/(today|upcoming)$/);
  },
};
