/**
 * Opens every page of the documentation site of a running service in Chromium: its Markdown twin, the search, and the
 * rules for accessibility in light and dark. Fails on a policy violation, a console error, or a request to anywhere but
 * the service. The site must be built (`npm run docs:build`).
 *
 * Environment: TASKLANE_URL (http://127.0.0.1:8000), CHROMIUM (/usr/bin/chromium).
 */
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { timeOnPhone } from './support/phone.mjs';
import { watch } from './support/watch.mjs';

const service = new URL(process.env.TASKLANE_URL ?? 'http://127.0.0.1:8000').origin;

/** The title that a search must find among the first three, by what a reader types. */
const searches = {
  pagination: 'List tasks',
  'mark done': 'Complete or reopen a task',
  'task-not-found': 'Task not found',
  'idempotency key': 'Safe writes',
  'optimistic locking': 'Safe writes',
  'repeat every week': 'Tasks',
  'too many requests': 'Limits',
  websocket: 'Follow changes',
  'delete account': 'Erase all data',
  login: 'Authentication',
  'import from todoist': 'Export and import',
  'google calendar': 'Create or replace the calendar feed',
  'drag and drop': 'Move a task',
  backup: 'Operations',
  createTask: 'Create a task',
  bulk: 'Send a batch of operations',
  mcp: 'Agents',
  'environment variables': 'Settings',
  'hmac signature': 'Webhooks',
  timezone: 'Change the profile',
  'getting started': 'Quick start',
};

/** A page of each kind, for the rules of accessibility. */
const kinds = [
  '/docs',
  '/docs/quick-start',
  '/docs/tasks',
  '/docs/glossary',
  '/docs/sdk',
  '/docs/problems',
  '/docs/problems/task-not-found',
  '/docs/decisions',
];

/** The bytes, compressed, that must arrive before a page is readable: its HTML and stylesheets. */
const maxBlockingBytes = 50_000;

async function checkAccessibility(page, what) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${what}: ${id} at ${target.join(' ')}: ${failureSummary}`),
  );
  assert.deepEqual(found, []);
}

/** Opens a page for the first time, and checks what must arrive before it can be read. */
async function checkWeight(browser, path) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const blocking = [];
  page.on('requestfinished', (request) => {
    if (['document', 'stylesheet'].includes(request.resourceType())) blocking.push(request);
  });
  await page.goto(service + path, { waitUntil: 'networkidle' });
  assert.equal(await page.locator('script[src]:not([type=module], [async], [defer])').count(), 0);
  const sizes = await Promise.all(blocking.map((request) => request.sizes()));
  await context.close();
  const bytes = sizes.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
  assert.ok(bytes <= maxBlockingBytes, `${path}: ${bytes} bytes before the page is readable`);
}

/** Types into the open search, and returns the titles of the first pages that it finds. */
async function search(page, words) {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Search' }).fill(words);
  await dialog.getByText(new RegExp(`^\\s*\\d+ results? for ${words}\\s*$`)).waitFor();
  await dialog.locator('.pagefind-ui__result').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('.pagefind-ui__loading'));
  const titles = await dialog
    .locator('.pagefind-ui__result-inner > .pagefind-ui__result-title')
    .allTextContents();
  return titles.map((each) => each.trim());
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Chromium's sandbox does not start as root, and containers often run as root.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
  const errors = await watch(context, service);
  const page = await context.newPage();
  const get = async (path) => {
    const response = await context.request.get(service + path);
    assert.equal(response.status(), 200, path);
    return response;
  };

  const first = await page.goto(service);
  assert.equal(
    new URL(page.url()).pathname,
    '/docs',
    'the address of the service leads to the documentation',
  );
  const policy = first.headers()['content-security-policy'];
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /'unsafe-|https?:|\*/);

  const links = await page
    .locator('#starlight__sidebar a')
    .evaluateAll((all) => all.map(({ pathname }) => pathname));
  const guides = links.filter((path) => path !== '/docs/api');
  assert.ok(guides.length > 20, 'the sidebar has the guides');
  for (const path of new Set([...kinds, ...guides])) {
    await page.goto(service + path);
    await page.locator('main h1').waitFor();
    const twin = await page.locator('link[rel=alternate][type="text/markdown"]').getAttribute('href');
    const markdown = await get(twin);
    assert.match(markdown.headers()['content-type'], /^text\/markdown/);
    assert.equal((await markdown.text()).split('\n')[0], `# ${await page.locator('main h1').textContent()}`);
  }
  for (const [, path] of (await (await get('/llms.txt')).text()).matchAll(/\]\((\S+)\)/g)) await get(path);

  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const path of kinds) {
      await page.goto(service + path);
      await checkAccessibility(page, `${path} in ${colorScheme}`);
    }
    await page.getByRole('button', { name: 'Search' }).click();
    await search(page, 'undo');
    await checkAccessibility(page, `the search in ${colorScheme}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${service}/docs/tasks`);
  await page.getByRole('button', { name: 'Menu' }).click();
  await checkAccessibility(page, 'the menu of a phone');
  assert.equal(
    await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    0,
    'a phone does not scroll sideways',
  );

  await page.setViewportSize({ width: 1400, height: 1000 });
  await page.goto(`${service}/docs`);
  await page.getByRole('button', { name: 'Search' }).click();
  const missed = [];
  for (const [words, title] of Object.entries(searches)) {
    const titles = await search(page, words);
    if (!titles.slice(0, 3).includes(title)) missed.push(`${words}: ${titles.join(', ')}`);
  }
  assert.deepEqual(missed, []);
  await search(page, 'mark done');
  await page.getByRole('link', { name: 'Complete or reopen a task' }).click();
  await page.getByRole('heading', { name: 'Complete or reopen a task' }).first().waitFor();
  assert.equal(new URL(page.url()).pathname, '/docs/api/tasks/completetask');

  const missing = await page.goto(`${service}/docs/nowhere`);
  assert.equal(missing.status(), 404);
  await page.getByRole('heading', { name: 'Page not found' }).waitFor();
  await checkAccessibility(page, 'an unknown page');
  const expected = (error) => /404.*(nowhere|Not Found)|response: 404 .*nowhere/.test(error);
  assert.deepEqual(
    errors.filter((error) => !expected(error)),
    [],
  );

  for (const path of kinds) await checkWeight(browser, path);
  const heaviest = '/docs/sdk';
  const time = await timeOnPhone(browser, service + heaviest);
  process.stdout.write(`${heaviest} is readable on a slow phone after ${time} ms.\n`);
  process.stdout.write(`${guides.length} guides and ${Object.keys(searches).length} searches work.\n`);
} finally {
  await browser.close();
}
