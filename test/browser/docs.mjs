/**
 * Opens the reference of a running service in Chromium, every operation of it, and every problem type's page. The
 * reference can be read without its script, and soon on a slow phone. Fails on a policy violation, a console error, or a
 * request to anywhere but the service. The site must be built (`npm run docs:build`).
 *
 * Environment: TASKLANE_URL (http://127.0.0.1:8000), CHROMIUM (/usr/bin/chromium).
 */
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { bestTimeOnPhone } from './support/phone.mjs';
import { watch } from './support/watch.mjs';

const service = new URL(process.env.TASKLANE_URL ?? 'http://127.0.0.1:8000').origin;

/** How long the reference may take on a slow phone until it can be read. */
const readableMs = 4_000;

async function open(page, path) {
  const response = await page.goto(service + path);
  const policy = response.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src 'none'/, `${path} has a strict policy`);
  assert.doesNotMatch(policy, /script-src[^;]*'unsafe/, `${path} allows no inline script`);
}

/** Opens each operation through the sidebar, as a reader would. */
async function readOperations(page, contract) {
  const sidebar = page.getByTestId('menu-item-label');
  for (const tag of contract.tags) {
    await sidebar.filter({ hasText: new RegExp(`^${tag.name}$`) }).click();
    const operations = [...Object.values(contract.paths), ...Object.values(contract.webhooks)]
      .flatMap((item) => Object.values(item))
      .filter((operation) => operation.tags?.includes(tag.name));
    assert.ok(operations.length > 0, `${tag.name} has operations`);
    for (const { summary } of operations) {
      await sidebar.filter({ hasText: summary }).first().click();
      await page.getByRole('heading', { name: summary }).first().waitFor();
    }
  }
}

async function search(page, summary) {
  await page.getByTestId('search-trigger').click();
  const dialog = page.getByTestId('search-dialog');
  await dialog.getByRole('textbox').or(dialog.getByRole('combobox')).first().fill(summary);
  await dialog.getByText(summary).first().waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
}

/** Reads the page of an operation as a browser shows it that runs no scripts. */
async function readWithoutScript(browser, path, { summary }) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(service + path);
  await page.getByRole('heading', { name: summary }).first().waitFor();
  await page.getByText('curl', { exact: true }).first().waitFor();
  await context.close();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Chromium's sandbox does not start as root, and containers often run as root.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
  const errors = await watch(context, service);
  const contract = await (await context.request.get(`${service}/openapi.json`)).json();
  const page = await context.newPage();

  await open(page, '/docs/api');
  await page.getByRole('heading', { name: new RegExp(`^${contract.info.title}`) }).waitFor();
  await page.locator('html[data-redoc=started]').waitFor();
  await readOperations(page, contract);
  await search(page, Object.values(contract.paths)[0].get.summary);
  await page.getByTestId('color-mode-switcher').click();

  const createTask = '/docs/api/tasks/createtask';
  await readWithoutScript(browser, createTask, contract.paths['/api/{user_id}/tasks'].post);
  for (const path of ['/docs/api', createTask]) {
    const time = await bestTimeOnPhone(browser, service + path, readableMs);
    assert.ok(time <= readableMs, `${path} can be read on a slow phone after ${time} ms`);
    process.stdout.write(`${path} can be read on a slow phone after ${time} ms.\n`);
  }

  const problems = Object.values(contract.components.schemas).filter(
    (schema) => schema.properties?.code?.const,
  );
  assert.ok(problems.length > 0, 'the contract has problem types');
  for (const { title, properties } of problems) {
    await open(page, `/problems/${properties.code.const}`);
    await page.getByRole('heading', { name: title, exact: true }).waitFor();
    await page.getByText(properties.code.const, { exact: true }).first().waitFor();
  }

  assert.deepEqual(errors, []);
  process.stdout.write(`The reference renders, and ${problems.length} problem pages.\n`);
} finally {
  await browser.close();
}
