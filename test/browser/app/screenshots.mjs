/**
 * Takes pictures of the screens of the reference app.
 *
 * Arguments: a folder for pictures of all screens, light, dark and on a phone. Without it, only those of the README are taken,
 * into docs/images. Environment: as in main.mjs.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { startDemo } from './demo.mjs';
import { focusTask, goTo, makeWorld, until } from './world.mjs';

const desktop = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const screens = ['today', 'upcoming', 'all', 'inbox', 'board', 'statistics', 'trash', 'settings', 'failed'];

const { APP_URL: app, SERVICE_URL: service } = process.env;
const demo = app && service ? { app, service, stop: async () => undefined } : await startDemo();
const folder = process.argv[2];
let browser;

const chores = [
  ...['Pay the phone bill', 'Answer the letters', 'Book a table', 'Run five kilometres', 'Tidy the desk'],
  ...['Call grandma', 'Update the budget', 'Read chapter four', 'Back up the photos', 'Order printer paper'],
];

/** Completes tasks on former days, so that the statistics have something to show. */
async function makePast(lane) {
  const now = Date.now();
  const counts = [2, 4, 1, 0, 3, 5, 2, 6, 3, 1, 0, 4, 2, 5, 3, 7, 2, 1, 4, 3, 0, 2, 6, 4, 3, 5, 2, 4, 3];
  const tasks = counts.flatMap((count, days) =>
    Array.from({ length: count }, (_, index) => ({
      title: chores[(days + 3 * index) % chores.length],
      status: 'completed',
      completed_at: new Date(now - (days + 1) * 86_400_000).toISOString(),
    })),
  );
  for (let from = 0; from < tasks.length; from += 100)
    await lane.batch({
      operations: tasks.slice(from, from + 100).map((task) => ({ op: 'create_task', task })),
    });
}

try {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const world = makeWorld(browser, demo);
  const still = { reducedMotion: 'reduce' };
  const isReady = async (page) => {
    await until(async () => (await page.locator('main [data-task]').count()) > 0);
    await page.evaluate(() => document.fonts.ready);
  };
  const { context, lane } = await world.makeUser({ ...desktop, ...still, name: 'Ada' });
  await makePast(lane);
  const page = await world.openTab(context);
  await isReady(page);
  if (folder) {
    await mkdir(folder, { recursive: true });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const take = (name) => page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
      for (const screen of screens) {
        await goTo(page, `/${screen}`);
        await page.waitForTimeout(700);
        await take(screen);
      }
      await goTo(page, '/today');
      await isReady(page);
      for (const [name, keys] of Object.entries({
        palette: ['/'],
        search: ['/', 'l', 'i', 's'],
        help: ['?'],
        add: ['q'],
      })) {
        await focusTask(page, 'Water the plants');
        for (const key of keys) await page.keyboard.press(key);
        await page.waitForTimeout(300);
        await take(name);
        await page.keyboard.press('Escape');
        await page.waitForTimeout(200);
      }
    }
    const hand = await world.makeDevice({ ...phone, ...still });
    await hand.addCookies(await context.cookies());
    const small = await world.openTab(hand);
    await isReady(small);
    for (const screen of [...screens, 'browse']) {
      await goTo(small, `/${screen}`);
      await small.waitForTimeout(700);
      await small.screenshot({ path: join(folder, `${screen}-phone.png`) });
    }
  } else {
    const images = join(import.meta.dirname, '../../../docs/images');
    await mkdir(images, { recursive: true });
    const take = (on, name) => on.screenshot({ path: join(images, `${name}.png`) });
    await page.getByText('Review the pricing page').click();
    await page.getByRole('complementary', { name: 'Details' }).waitFor();
    await page.mouse.move(640, 780);
    await take(page, 'today');
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await goTo(page, '/board');
    await isReady(page);
    await page.keyboard.press('/');
    await page.keyboard.type('lis');
    await page.getByRole('dialog').getByRole('option').first().waitFor();
    await take(page, 'palette');
    const hand = await world.makeDevice({ ...phone, ...still });
    await hand.addCookies(await context.cookies());
    const small = await world.openTab(hand);
    await isReady(small);
    await take(small, 'phone');
  }
  await world.closeDevices();
} finally {
  await browser?.close();
  await demo.stop();
}
