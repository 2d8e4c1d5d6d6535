/** The order of tasks and their levels: by keyboard, mouse and touch; and swipes. */
import assert from 'node:assert/strict';
import { assertFast, focusTask, titlesOf, until } from './world.mjs';

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const row = (page, title) => page.locator('main [data-task]', { hasText: title });
const isOrder = (page, titles) =>
  until(async () => JSON.stringify(await titlesOf(page)) === JSON.stringify(titles));
/** The order that the service has, as the titles of a project. */
const storedOrder = async (lane, project_id) => {
  const { items } = await lane.tasks.list({ project_id, status: 'pending', sort: 'position' });
  return items.map(({ title }) => title);
};
const isStored = (lane, project, titles) =>
  until(async () => JSON.stringify(await storedOrder(lane, project)) === JSON.stringify(titles));
const parentOf = async (lane, q) => (await lane.tasks.list({ q })).items[0].parent_id;

const [one, two, three] = ['“The Left Hand of Darkness”', '“Thinking in Systems”', '“A Pattern Language”'];

async function openReading(world, options) {
  const { context, lane } = await world.makeUser(options);
  const { items } = await lane.projects.list();
  const project = items.find(({ name }) => name === 'Reading').id;
  const page = await world.openTab(context, `/project/${project}`);
  await isOrder(page, [one, two, three]);
  return { page, lane, project, context };
}

async function center(page, title) {
  await row(page, title).scrollIntoViewIfNeeded();
  const { x, y, width, height } = await row(page, title).boundingBox();
  return { x: x + width / 2, y: y + height / 2, height };
}

/** A finger on the screen. */
async function makeFinger(context, page) {
  const session = await context.newCDPSession(page);
  const send = (type, ...touchPoints) => session.send('Input.dispatchTouchEvent', { type, touchPoints });
  return {
    down: (x, y) => send('touchStart', { x, y }),
    async move(from, to, steps = 8) {
      for (let step = 1; step <= steps; step++) {
        const part = step / steps;
        await send('touchMove', { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part });
      }
    },
    up: () => send('touchEnd'),
  };
}

export const tests = {
  async 'Alt and the arrows move a task, and the focus stays on it'(world) {
    const { page, lane, project } = await openReading(world);
    await focusTask(page, one);
    await page.keyboard.press('Alt+ArrowDown');
    await isOrder(page, [two, one, three]);
    await page.keyboard.press('Alt+ArrowDown');
    await isOrder(page, [two, three, one]);
    await isStored(lane, project, [two, three, one]);
    await page.keyboard.press('Alt+ArrowUp');
    await isOrder(page, [two, one, three]);
    await page.keyboard.press('Alt+ArrowRight');
    await until(async () => (await parentOf(lane, 'darkness')) !== null);
    await isOrder(page, [two, one, three]);
    await page.keyboard.press('Alt+ArrowLeft');
    await until(async () => (await parentOf(lane, 'darkness')) === null);
    await isOrder(page, [two, one, three]);
    await until(() => page.evaluate((title) => document.activeElement?.textContent?.includes(title), one));
    for (let count = 0; count < 5; count++) {
      await page.keyboard.press('z');
    }
    await isOrder(page, [one, two, three]);
    await isStored(lane, project, [one, two, three]);
  },

  async 'the mouse moves a task, and to the right into the task above'(world) {
    const { page, lane, project } = await openReading(world);
    const from = await center(page, three);
    const to = await center(page, one);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x, from.y - 10, { steps: 2 });
    await page.mouse.move(to.x, to.y - 15, { steps: 6 });
    await page.locator('[data-drop-line]').waitFor();
    await page.mouse.up();
    await isOrder(page, [three, one, two]);
    await isStored(lane, project, [three, one, two]);
    assert.equal(new URL(page.url()).search, '', 'the drag is not a click');

    const last = await center(page, two);
    await page.mouse.move(last.x, last.y);
    await page.mouse.down();
    await page.mouse.move(last.x + 40, last.y, { steps: 5 });
    await page.mouse.up();
    await until(async () => (await parentOf(lane, 'systems')) !== null);
    await page.keyboard.press('z');
    await until(async () => (await parentOf(lane, 'systems')) === null);
  },

  async 'Escape ends a drag without a change'(world) {
    const { page } = await openReading(world);
    const from = await center(page, three);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x, from.y - 70, { steps: 5 });
    await page.locator('[data-drop-line]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-drop-line]').waitFor({ state: 'detached' });
    await page.mouse.up();
    await isOrder(page, [one, two, three]);
  },

  async 'a finger moves a task after a long press'(world) {
    const { page, lane, project, context } = await openReading(world, phone);
    const finger = await makeFinger(context, page);
    const from = await center(page, one);
    const to = await center(page, three);
    await finger.down(from.x, from.y);
    await page.locator('[data-dragging][data-task]').waitFor();
    await finger.move(from, { x: to.x, y: to.y + 20 });
    await finger.up();
    await isOrder(page, [two, three, one]);
    await isStored(lane, project, [two, three, one]);
  },

  async 'a swipe to the right completes, and one to the left asks for the date'(world) {
    const { page, lane, context } = await openReading(world, phone);
    const finger = await makeFinger(context, page);
    const done = await center(page, one);
    await finger.down(done.x - 60, done.y);
    await finger.move({ x: done.x - 60, y: done.y }, { x: done.x + 100, y: done.y });
    await finger.up();
    await until(async () => (await lane.tasks.list({ q: 'darkness' })).items[0].completed);
    await isOrder(page, [two, three]);
    const later = await center(page, two);
    await finger.down(later.x + 60, later.y);
    await finger.move({ x: later.x + 60, y: later.y }, { x: later.x - 100, y: later.y });
    await finger.up();
    await page
      .getByRole('dialog', { name: /^Date of/ })
      .getByRole('button', { name: 'Tomorrow' })
      .click();
    await until(async () => (await lane.tasks.list({ q: 'systems' })).items[0].due_date !== null);
  },

  async 'a move shows within the budget'(world) {
    const { page } = await openReading(world);
    await focusTask(page, one);
    const second = await row(page, one).getAttribute('data-task');
    await assertFast(page, ['Alt+ArrowDown'], `main li:nth-child(2)[data-task="${second}"]`, async () => {
      await page.keyboard.press('z');
      await isOrder(page, [one, two, three]);
      await focusTask(page, one);
    });
  },
};
