/** What holds for all screens: accessibility in both schemes, and the size of the scripts. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { goTo, until, violationsOf } from './world.mjs';

const mostScriptBytes = 200_000;

/** The screens, and what they show when they are ready. */
const screens = {
  '/today': '[data-task]',
  '/inbox': '[data-task]',
  '/upcoming': '[data-task]',
  '/all': '[data-task]',
  '/tag/errand': '[data-task]',
  '/board': '[data-task]',
  '/statistics': 'table',
  '/trash': 'main p',
  '/settings': 'select',
  '/failed': 'main p',
};

/** The screen that only phones have. */
const ofPhones = { '/browse': 'main li' };

const sizes = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

export const tests = Object.fromEntries(
  Object.entries(sizes).flatMap(([size, options]) => [
    [
      `axe finds nothing on any screen (${size})`,
      async (world) => {
        const { page, lane } = await world.start('/today', options);
        const found = [];
        const [{ id }] = (await lane.tasks.list({ limit: 1 })).items;
        const [project] = (await lane.projects.list()).items;
        const details = { [`/task/${id}`]: 'main h2', [`/today?task=${id}`]: 'aside' };
        for (const [path, content] of Object.entries({
          ...screens,
          ...(options.isMobile && ofPhones),
          [`/project/${project.id}`]: 'h1',
          ...details,
        })) {
          await goTo(page, path);
          await page.locator(content).first().waitFor();
          found.push(...(await violationsOf(page, path)));
        }
        for (const path of ['/sign-in', '/sign-up']) {
          await page.goto(path);
          found.push(...(await violationsOf(page, path)));
        }
        assert.deepEqual(found, []);
      },
    ],
  ]),
);

tests['axe finds nothing in dialogs and popovers'] = async (world) => {
  const { page } = await world.start();
  const found = [];
  const overlays = {
    palette: ['/'],
    help: ['?'],
    'quick add': ['q'],
    date: ['t'],
    tags: ['l'],
    project: ['v'],
    'go to project': ['g', 'p'],
  };
  for (const [name, keys] of Object.entries(overlays)) {
    await page.locator('main [data-task]').first().focus();
    for (const key of keys) await page.keyboard.press(key);
    await page.getByRole('dialog').first().waitFor();
    found.push(...(await violationsOf(page, name)));
    await page.keyboard.press('Escape');
    await until(async () => (await page.getByRole('dialog').count()) === 0);
  }
  assert.deepEqual(found, []);
};

tests['a screen loads at most 200 kB of script, compressed'] = async (world) => {
  const { context } = await world.makeUser();
  const page = await context.newPage();
  const scripts = new Map();
  page.on('response', async (response) => {
    if (response.request().resourceType() === 'script' && !response.url().endsWith('.js?worker'))
      scripts.set(new URL(response.url()).pathname, response.body());
  });
  await page.goto('/today');
  await page.locator('main [data-task]').first().waitFor();
  const used = await Promise.all(
    [...scripts].map(async ([path, body]) => [path, gzipSync(await body).length]),
  );
  const total = used.reduce((sum, [, size]) => sum + size, 0);
  process.stdout.write(`  ${used.length} scripts, ${(total / 1_000).toFixed(0)} kB\n`);
  assert.ok(total <= mostScriptBytes, `${total} bytes: ${JSON.stringify(used)}`);
};
