/**
 * Tests `@tasklane/sdk/live` in Chromium, with tabs that share a copy, against a running service.
 *
 * Environment: TASKLANE_URL (http://127.0.0.1:8000), CHROMIUM (/usr/bin/chromium), and the service's DATA_DIR, which has the
 * secret of its development tokens.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const service = new URL(process.env.TASKLANE_URL ?? 'http://127.0.0.1:8000').origin;
const tokenOf = (userId) =>
  execFileSync('npm', ['run', '--silent', 'token', '--', userId], { encoding: 'utf8' }).trim();

const { outputFiles } = await build({
  stdin: {
    contents: `export { createTasklane } from './index.ts'; export { openLane } from './live/index.ts';`,
    resolveDir: new URL('../../sdk/src', import.meta.url).pathname,
  },
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'sdk',
});
const script = outputFiles[0].text;

async function until(condition, deadlineMs = 30_000) {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Not met within ${deadlineMs} ms: ${condition}`);
    await sleep(50);
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Chromium's sandbox does not start as root, and containers often run as root.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});

/** The browser of a device, and the number of event streams that it has opened. */
async function makeDevice() {
  const context = await browser.newContext();
  const device = { context, streams: 0 };
  context.on('request', (request) => {
    if (new URL(request.url()).pathname.endsWith('/events')) device.streams++;
  });
  // A page of the service's origin, also while the device is offline.
  await context.route(`${service}/app`, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<script>${script}</script>` }),
  );
  return device;
}

async function openTab({ context }, userId, token) {
  const page = await context.newPage();
  await start(page, userId, token);
  return page;
}

async function start(page, userId, token) {
  await page.goto(`${service}/app`);
  await page.evaluate(
    async ([baseUrl, userId, token]) => {
      globalThis.lane = await sdk.openLane(sdk.createTasklane({ baseUrl, token }), userId);
    },
    [service, userId, token],
  );
}

const statusOf = (page) => page.evaluate(() => lane.status);
const titlesOf = (page) =>
  page.evaluate(() =>
    lane.tasks
      .list()
      .map((each) => each.title)
      .sort(),
  );
const create = (page, title) => page.evaluate((title) => lane.tasks.create({ title }).stored, title);
const isSettled = async (page) => {
  const { complete, pending, connection } = await statusOf(page);
  return complete && pending === 0 && connection === 'live';
};

async function storedTitles(userId, token) {
  const response = await fetch(`${service}/api/${userId}/tasks?limit=200`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return (await response.json()).items.map((each) => each.title).sort();
}

/** The id of the process that renders a page: the renderer that uses the most CPU time while the page computes. */
async function rendererOf(page) {
  const cpu = () =>
    new Map(
      readdirSync('/proc').flatMap((pid) => {
        try {
          if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) return [];
          const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
          return [[Number(pid), Number(fields[11])]];
        } catch {
          return [];
        }
      }),
    );
  const before = cpu();
  await page.evaluate(() => {
    const end = performance.now() + 1_000;
    while (performance.now() < end);
  });
  const used = [...cpu()].map(([pid, ticks]) => [pid, ticks - (before.get(pid) ?? 0)]);
  return used.sort(([, one], [, other]) => other - one)[0][0];
}

const tests = {
  async 'two tabs offline and back lose nothing, also over a reload'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const token = tokenOf(userId);
    const tabs = [await openTab(device, userId, token), await openTab(device, userId, token)];
    for (const tab of tabs) await until(() => isSettled(tab));
    assert.equal((await statusOf(tabs[0])).durable, true);
    await device.context.setOffline(true);
    for (const [index, tab] of tabs.entries()) {
      for (let n = 0; n < 5; n++) await create(tab, `Task ${index}${n}`);
    }
    for (const tab of tabs) await until(async () => (await titlesOf(tab)).length === 10);
    await start(tabs[0], userId, token);
    assert.equal((await titlesOf(tabs[0])).length, 10);
    assert.equal((await statusOf(tabs[0])).pending, 10);
    await device.context.setOffline(false);
    for (const tab of tabs) await until(() => isSettled(tab), 60_000);
    const stored = await storedTitles(userId, token);
    assert.equal(stored.length, 10);
    for (const tab of tabs) assert.deepEqual(await titlesOf(tab), stored);
    await device.context.close();
  },

  async 'eight tabs share one event stream, and all write'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const token = tokenOf(userId);
    const tabs = [];
    for (let n = 0; n < 8; n++) tabs.push(await openTab(device, userId, token));
    await until(() => isSettled(tabs[0]));
    await Promise.all(tabs.map((tab, index) => create(tab, `Task ${index}`)));
    for (const tab of tabs) {
      await until(async () => (await titlesOf(tab)).length === 8 && (await isSettled(tab)));
    }
    assert.equal(device.streams, 1);
    assert.equal((await storedTitles(userId, token)).length, 8);
    await device.context.close();
  },

  async 'another tab leads while the process of the leader is stopped'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const token = tokenOf(userId);
    const leader = await openTab(device, userId, token);
    await until(() => isSettled(leader));
    const other = await openTab(device, userId, token);
    const [pid, own] = [await rendererOf(leader), await rendererOf(other)];
    assert.notEqual(pid, own, 'the tabs have their own processes');
    process.kill(pid, 'SIGSTOP');
    try {
      await create(other, 'While it is stopped');
      await until(async () => (await statusOf(other)).pending === 0, 60_000);
      assert.deepEqual(await storedTitles(userId, token), ['While it is stopped']);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until(async () => (await titlesOf(leader)).length === 1);
    await create(leader, 'Afterwards');
    for (const tab of [leader, other]) {
      await until(async () => (await titlesOf(tab)).length === 2 && (await statusOf(tab)).pending === 0);
    }
    assert.equal((await storedTitles(userId, token)).length, 2);
    await device.context.close();
  },

  async 'a migration of the database by another tab loses nothing'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const token = tokenOf(userId);
    const tab = await openTab(device, userId, token);
    await until(() => isSettled(tab));
    await device.context.setOffline(true);
    await create(tab, 'Before');
    const newer = await device.context.newPage();
    await newer.goto(`${service}/app`);
    await newer.evaluate(async (name) => {
      await new Promise((resolve, reject) => {
        const request = indexedDB.open(name, 2);
        request.onupgradeneeded = () => request.result.createObjectStore('new');
        request.onsuccess = () => resolve(request.result.close());
        request.onerror = () => reject(request.error);
      });
    }, `tasklane ${service} ${userId}`);
    await create(tab, 'After');
    assert.deepEqual(await titlesOf(tab), ['After', 'Before']);
    assert.equal((await statusOf(tab)).durable, true);
    await start(tab, userId, token);
    assert.deepEqual(await titlesOf(tab), ['After', 'Before']);
    await device.context.setOffline(false);
    await until(() => isSettled(tab), 60_000);
    assert.deepEqual(await storedTitles(userId, token), ['After', 'Before']);
    await device.context.close();
  },

  async 'another user of the device neither sees nor sends what a user wrote'() {
    const [ada, bob, device] = [randomUUID(), randomUUID(), await makeDevice()];
    const [adaToken, bobToken] = [tokenOf(ada), tokenOf(bob)];
    const tab = await openTab(device, ada, adaToken);
    await until(() => isSettled(tab));
    await device.context.setOffline(true);
    await create(tab, 'Private');
    await device.context.setOffline(false);
    await start(tab, bob, bobToken);
    await until(() => isSettled(tab));
    assert.deepEqual(await titlesOf(tab), []);
    const before = await storedTitles(ada, adaToken);
    await start(tab, ada, bobToken);
    await until(async () => (await statusOf(tab)).connection === 'signed-out');
    assert.deepEqual(await storedTitles(ada, adaToken), before);
    await start(tab, ada, adaToken);
    await until(() => isSettled(tab));
    assert.deepEqual(await storedTitles(ada, adaToken), ['Private']);
    await device.context.close();
  },
};

try {
  for (const [name, test] of Object.entries(tests)) {
    await test();
    process.stdout.write(`passed: ${name}\n`);
  }
} finally {
  await browser.close();
}
