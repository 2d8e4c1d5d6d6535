/** Settings, import, export, the calendar feed, reminders, and the erasure of everything. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { goTo, titlesOf, until } from './world.mjs';

const dropFile = (page, name, text) =>
  page.getByText('Drop a file here').evaluate(
    (element, [name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      element.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [name, text],
  );

export const tests = {
  async 'settings are kept for all devices, and can be taken back'(world) {
    const { page, lane } = await world.start('/settings', { timezoneId: 'Europe/Zurich' });
    await page.getByLabel('Time zone').selectOption('Asia/Tokyo');
    await page.getByLabel('The week begins on').selectOption('sunday');
    await until(async () => {
      const { time_zone, week_start } = await lane.profile.get();
      return time_zone === 'Asia/Tokyo' && week_start === 'sunday';
    });
    await page.locator('main h1').focus();
    await page.keyboard.press('z');
    await until(async () => (await lane.profile.get()).week_start === 'monday');
    assert.equal((await lane.profile.get()).time_zone, 'Asia/Tokyo');
  },

  async 'the programs that act for the user are listed'(world) {
    const { page } = await world.start('/settings');
    const section = page.getByRole('region', { name: 'Agents and other programs' });
    await section.getByText('No program has used your tasks so far.').waitFor();
  },

  async 'the last change of a program can be taken back, and the program cut off'(world) {
    const { context } = await world.makeUser();
    // The sign-in of the demo makes no tokens for programs, so the list is given. The undo reaches the service.
    const entry = {
      id: '0199a7c4-0000-7000-8000-000000000001',
      client_id: 'https://agent.example.com/client.json',
      name: 'Agent',
      scopes: ['tasklane:write'],
      first_used_at: '2026-01-01T00:00:00Z',
      last_used_at: '2026-01-01T00:00:00Z',
      cut_off_at: null,
    };
    const answerWith = (json) => (route) =>
      route.fulfill({ json, headers: { 'access-control-allow-origin': '*' } });
    await context.route('**/clients', answerWith({ items: [entry] }));
    await context.route('**/cut-off', answerWith({ ...entry, cut_off_at: '2026-01-02T00:00:00Z' }));
    const page = await world.openTab(context, '/settings');
    await page.getByRole('button', { name: 'Undo its last change (Agent)' }).click();
    await page.getByText('It has changed nothing that can be taken back.').waitFor();
    await page.getByRole('button', { name: 'Cut off Agent' }).click();
    await page.getByRole('button', { name: 'Readmit Agent' }).waitFor();
  },

  async 'the theme of a device is kept'(world) {
    const { page } = await world.start('/settings');
    await page.getByLabel('Theme').selectOption('dark');
    await page.reload();
    await page.locator('main h1').waitFor();
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
  },

  async 'an import says what it would do, and imports after that'(world) {
    const { page, lane } = await world.start('/settings', { hasTasks: false });
    await dropFile(page, 'tasks.csv', 'title,due_date\nBuy stamps,2031-05-01\nSend the letters,not a date\n');
    const report = page.getByRole('region', { name: 'Import of tasks.csv' });
    await report.waitFor();
    await report.getByText('With errors').waitFor();
    assert.equal((await lane.tasks.list()).items.length, 0);
    await dropFile(page, 'tasks.csv', 'title,due_date\nBuy stamps,2031-05-01\nSend the letters,2031-05-02\n');
    await report.getByRole('button', { name: 'Import 2 rows' }).click();
    await report.getByText('Added').waitFor();
    await goTo(page, '/all');
    await until(
      async () => JSON.stringify(await titlesOf(page)) === JSON.stringify(['Buy stamps', 'Send the letters']),
    );

    await goTo(page, '/settings');
    await dropFile(page, 'notes.json', 'no JSON');
    await page.getByText('The file is not JSON.').waitFor();
  },

  async 'an export of all data can be imported by another user'(world) {
    const { page } = await world.start('/settings');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'All data (JSON)' }).click(),
    ]);
    const text = await readFile(await download.path(), 'utf8');
    assert.equal(JSON.parse(text).format, 'tasklane-export');
    const other = await world.start('/settings', { hasTasks: false });
    await dropFile(other.page, 'tasklane.json', text);
    await other.page.getByRole('button', { name: /^Import \d+ rows$/ }).click();
    await until(async () => (await other.lane.tasks.list({ q: 'plants' })).items.length === 1);
  },

  async 'a calendar feed is created, copied and revoked'(world) {
    const { page, context } = await world.start('/settings');
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: world.app });
    await page.getByRole('button', { name: 'Create an address' }).click();
    const url = await page.getByLabel('Address of the calendar').inputValue();
    await page.getByRole('button', { name: 'Copy the address' }).click();
    await page.getByText('The address is copied.').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), url);
    const answer = await fetch(url);
    assert.match(await answer.text(), /^BEGIN:VCALENDAR/);
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Create an address' }).waitFor();
    assert.equal((await fetch(url)).status, 404);
  },

  async 'a reminder shows once as a notification'(world) {
    const { page, context, lane } = await world.start('/settings', { hasTasks: false });
    await context.grantPermissions(['notifications'], { origin: world.app });
    await page.addInitScript(() => {
      globalThis.shown = [];
      globalThis.Notification = class {
        static permission = 'granted';
        static requestPermission = async () => 'granted';
        constructor(title) {
          globalThis.shown.push(title);
        }
      };
    });
    await page.reload();
    await page.getByRole('switch', { name: 'Show reminders as notifications' }).click();
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    await lane.tasks.create({ title: 'Call the plumber', reminders: [{ at: soon }] });
    await goTo(page, '/all');
    await until(async () => (await titlesOf(page)).includes('Call the plumber'));
    await page.evaluate(() => {
      const real = Date.now;
      Date.now = () => real() + 3_700_000;
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await until(() => page.evaluate(() => globalThis.shown.length > 0));
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    assert.deepEqual(await page.evaluate(() => globalThis.shown), ['Call the plumber']);
  },

  async 'everything is erased only after the words are typed'(world) {
    const { page, user } = await world.start('/settings');
    await page.getByRole('button', { name: 'Erase everything…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Erase everything?' });
    const button = dialog.getByRole('button', { name: 'Erase everything' });
    assert.ok(await button.isDisabled());
    await dialog.getByRole('textbox').fill('erase everything');
    await button.click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    // The service accepts tokens that are made some seconds later.
    const { email, password, id } = user;
    const { request } = page.context();
    await until(async () => {
      const data = { email, password };
      await request.post('/api/auth/sign-in/email', { data, headers: { origin: world.app } });
      const { token } = await (await request.get('/api/auth/token')).json();
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${world.service}/api/${id}/tasks`, { headers });
      return answer.ok && (await answer.json()).items.length === 0;
    });
  },
};
