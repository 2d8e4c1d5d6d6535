/**
 * Tests `@tasklane/sdk/react` in Chromium, in React's strict mode and with HTML of a server, against a running service.
 *
 * Environment: TASKLANE_URL (http://127.0.0.1:8000), CHROMIUM (/usr/bin/chromium), and the service's DATA_DIR, which has the
 * secret of its development tokens.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { until as untilWithin } from './support/until.mjs';

const service = new URL(process.env.TASKLANE_URL ?? 'http://127.0.0.1:8000').origin;
const tokenOf = (userId) =>
  execFileSync('npm', ['run', '--silent', 'token', '--', userId], { encoding: 'utf8' }).trim();
const pathOf = (path) => new URL(path, import.meta.url).pathname;

/** The page's code. The server has its own React, as frameworks do. */
async function bundle(options) {
  const { outputFiles } = await build({
    entryPoints: [pathOf('react-app.jsx')],
    bundle: true,
    write: false,
    jsx: 'automatic',
    alias: { '@tasklane/sdk/react': pathOf('../../sdk/src/react/index.ts') },
    ...options,
  });
  return outputFiles[0].text;
}
const script = await bundle({
  format: 'iife',
  globalName: 'page',
  define: { 'process.env.NODE_ENV': '"development"' },
});
const server = { exports: {} };
new Function('module', 'exports', 'require', await bundle({ format: 'cjs', packages: 'external' }))(
  server,
  server.exports,
  createRequire(import.meta.url),
);
const html = renderToString(createElement(server.exports.App, { baseUrl: service, auth: 'none' }));
assert.equal((html.match(/Loading/g) ?? []).length, 2, 'the server renders the first state');

const until = (condition, deadlineMs = 30_000) => untilWithin(condition, deadlineMs);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Chromium's sandbox does not start as root, and containers often run as root.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});

/** The browser of a device, with the page's errors and the number of event streams that it has opened. */
async function makeDevice() {
  const context = await browser.newContext();
  const device = { context, streams: 0, messages: [] };
  context.on('request', (request) => {
    if (new URL(request.url()).pathname.endsWith('/events')) device.streams++;
  });
  context.on('console', (message) => {
    // A device without a network logs each request.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      device.messages.push(message.text());
  });
  await context.route(`${service}/app`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><div id="root">${html}</div><script>${script}</script>`,
    }),
  );
  return device;
}

/**
 * Opens the app. The token of its user is `globalThis.token`. With an empty token the auth server fails, and with `never` it
 * does not answer.
 */
async function start(page, token, props = {}) {
  await page.goto(`${service}/app`);
  await page.evaluate(
    ([baseUrl, token, props]) => {
      globalThis.token = token;
      const listeners = new Set();
      globalThis.signal = () => {
        for (const listener of listeners) listener();
      };
      // The parts of Better Auth's client that are used.
      const auth = {
        async token() {
          if (globalThis.token === 'never') await new Promise(() => undefined);
          return globalThis.token === '' ? { error: { status: 503 } } : { data: { token: globalThis.token } };
        },
        $store: {
          listen(atom, listener) {
            if (atom !== '$sessionSignal') return;
            listeners.add(listener);
            listener();
          },
        },
      };
      globalThis.page.start({ baseUrl, auth, ...props });
    },
    [service, token, props],
  );
  await isRendered(page);
}
/** Opens the app with cookies: the device's requests carry the token themselves, as if it were one. */
async function startWithCookies(device, page, userId) {
  await device.context.setExtraHTTPHeaders({ authorization: `Bearer ${tokenOf(userId)}` });
  await page.goto(`${service}/app`);
  await page.evaluate(
    ([baseUrl, userId]) => {
      globalThis.user = userId;
      const client = {
        getSession: async () =>
          globalThis.user === 'away'
            ? { error: { status: 503 } }
            : { data: globalThis.user && { user: { id: globalThis.user } } },
        $store: {
          listen(atom, listener) {
            if (atom !== '$sessionSignal') return;
            globalThis.signal = listener;
            listener();
          },
        },
      };
      globalThis.page.start({ baseUrl, auth: globalThis.page.betterAuthCookies(client) });
    },
    [service, userId],
  );
  await isRendered(page);
}
async function open(device, token, props) {
  const page = await device.context.newPage();
  await start(page, token, props);
  return page;
}
const signIn = (page, token) =>
  page.evaluate((token) => {
    globalThis.token = token;
    globalThis.signal();
  }, token);
// React renders after the call that starts it.
const isRendered = (page) => page.waitForFunction(() => shown.status);
const statusOf = (page) => page.evaluate(() => shown.status);
const titlesOf = (page) => page.evaluate(() => shown.left?.map((each) => each.title));
const isShown = (page, titles) =>
  until(async () => JSON.stringify(await titlesOf(page)) === JSON.stringify(titles));
const isLive = (page) =>
  until(async () => {
    const { connection, complete, pending } = await statusOf(page);
    return connection === 'live' && complete && pending === 0;
  }, 60_000);

const tests = {
  async 'strict mode opens one lane, and the end of the app closes it'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const page = await open(device, tokenOf(userId));
    await isLive(page);
    await isShown(page, []);
    const titles = await page.evaluate(() => {
      shown.actions.create({ title: 'Water the plants' });
      return shown.session.lane.tasks.list().map((each) => each.title);
    });
    assert.deepEqual(titles, ['Water the plants']);
    await isShown(page, ['Water the plants']);
    await isLive(page);
    assert.equal(device.streams, 1);
    const locks = () => page.evaluate(async () => (await navigator.locks.query()).held.length);
    assert.equal(await locks(), 1);
    await page.evaluate(() => root.unmount());
    await until(async () => (await locks()) === 0);
    assert.deepEqual(await page.evaluate(() => shown.errors), []);
    assert.deepEqual(device.messages, []);
    await device.context.close();
  },

  async 'hooks show tasks, one task, projects, tags and statistics'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const page = await open(device, tokenOf(userId), { details: true });
    await isLive(page);
    await page.evaluate(() => {
      const { lane } = shown.session;
      const { id } = lane.projects.create({ name: 'Garden' });
      shown.actions.create({ title: 'In detail', project_id: id, tags: ['green'] });
    });
    await until(() =>
      page.evaluate(
        () =>
          shown.stats?.total === 1 &&
          shown.tags?.[0]?.name === 'green' &&
          shown.profile?.time_zone === 'UTC' &&
          shown.inProject?.length === 1 &&
          shown.task?.title === 'In detail',
      ),
    );
    await page.evaluate(() => shown.actions.complete(shown.task.id));
    await until(() => page.evaluate(() => shown.stats.by_status.completed === 1));
    await page.evaluate(() => shown.actions.delete(shown.task.id));
    await until(() => page.evaluate(() => shown.task === null));
    assert.deepEqual(device.messages, []);
    await device.context.close();
  },

  async 'the last user sees the copy while the auth server and the network are away'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const token = tokenOf(userId);
    const page = await open(device, token);
    await isLive(page);
    await page.evaluate(() => shown.actions.create({ title: 'Kept' }).stored);
    await isLive(page);
    await start(page, 'never');
    await isShown(page, ['Kept']);
    // The session has expired.
    await start(page, null);
    await until(async () => (await statusOf(page)).connection === 'signed-out');
    await isShown(page, ['Kept']);
    await device.context.setOffline(true);
    await start(page, '');
    await isShown(page, ['Kept']);
    await page.evaluate(() => shown.actions.create({ title: 'Written offline' }).stored);
    assert.equal((await statusOf(page)).pending, 1);
    await device.context.setOffline(false);
    await page.evaluate((token) => {
      globalThis.token = token;
    }, token);
    await isLive(page);
    await isShown(page, ['Kept', 'Written offline']);
    await device.context.close();
  },

  async 'a first start recovers from a token request that failed'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const page = await open(device, '');
    await until(async () => (await statusOf(page)).connection === 'offline');
    await page.evaluate((token) => {
      globalThis.token = token;
    }, tokenOf(userId));
    await isLive(page);
    await device.context.close();
  },

  async 'users of a device see only their own tasks, and a sign-out asks before it loses writes'() {
    const [ada, bob, device] = [tokenOf(randomUUID()), tokenOf(randomUUID()), await makeDevice()];
    const page = await open(device, ada);
    await isLive(page);
    await page.evaluate(() => shown.actions.create({ title: 'Of Ada' }).stored);
    await isLive(page);
    // Bob signs in elsewhere, and then opens the app.
    await start(page, bob);
    await isShown(page, []);
    await isLive(page);
    assert.deepEqual(await page.evaluate(() => [...shown.titles]), []);
    await signIn(page, ada);
    await isShown(page, ['Of Ada']);
    await signIn(page, bob);
    await isShown(page, []);
    await isLive(page);
    await signIn(page, null);
    await until(async () => (await statusOf(page)).connection === 'signed-out');
    assert.equal(await titlesOf(page), undefined);
    await start(page, null);
    await until(async () => (await statusOf(page)).connection === 'signed-out');
    assert.equal(await titlesOf(page), undefined);
    await signIn(page, ada);
    await isShown(page, ['Of Ada']);
    await isLive(page);

    await device.context.setOffline(true);
    await page.evaluate(() => shown.actions.create({ title: 'Unsent' }).stored);
    const signOut = (options) =>
      page.evaluate(
        (options) =>
          shown.session.signOut(options).then(
            () => 'done',
            ({ name, pending }) => `${name} ${pending}`,
          ),
        options,
      );
    assert.equal(await signOut(), 'UnsentWritesError 1');
    await isShown(page, ['Of Ada', 'Unsent']);
    assert.equal(await signOut({ discard: true }), 'done');
    await until(async () => (await titlesOf(page)) === undefined);
    assert.equal((await statusOf(page)).connection, 'signed-out');
    await device.context.setOffline(false);
    await device.context.close();
  },

  async 'cookies authenticate requests without a token'() {
    const [ada, bob, device] = [randomUUID(), randomUUID(), await makeDevice()];
    const page = await device.context.newPage();
    await startWithCookies(device, page, ada);
    await isLive(page);
    await page.evaluate(() => shown.actions.create({ title: 'Of Ada' }).stored);
    await isLive(page);
    assert.equal(await page.evaluate(() => shown.session.client.hasToken), false);
    const become = async (userId) => {
      if (userId) await device.context.setExtraHTTPHeaders({ authorization: `Bearer ${tokenOf(userId)}` });
      await page.evaluate((userId) => {
        globalThis.user = userId;
        globalThis.signal();
      }, userId);
    };
    await become(bob);
    await isShown(page, []);
    await isLive(page);
    await become(ada);
    await isShown(page, ['Of Ada']);
    // Nobody can say who is signed in.
    await startWithCookies(device, page, ada);
    await isShown(page, ['Of Ada']);
    await become('away');
    await isShown(page, ['Of Ada']);
    await become(null);
    await until(async () => (await statusOf(page)).connection === 'signed-out');
    assert.equal(await titlesOf(page), undefined);
    await device.context.close();
  },

  async '10,000 tasks: a change renders the rows that it concerns, in both lists at once'() {
    const [userId, device] = [randomUUID(), await makeDevice()];
    const token = tokenOf(userId);
    const rows = Array.from({ length: 10_000 }, (_, n) => `Task ${String(n).padStart(5, '0')}`);
    const imported = await fetch(`${service}/api/${userId}/import.csv`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
      body: ['title', ...rows].join('\n'),
    });
    assert.equal(imported.status, 200, await imported.text());
    const page = await open(device, token);
    await isLive(page);
    await until(async () => (await titlesOf(page))?.length === 10_000);
    const { rendered, torn, frames } = await page.evaluate(async () => {
      const nextFrame = () => new Promise(requestAnimationFrame);
      await nextFrame();
      shown.rows = 0;
      const frames = [];
      for (let n = 0; n < 20; n++) {
        const { id, title } = shown.left[n];
        const begin = await nextFrame();
        shown.actions.update(id, { title: `${title} changed` });
        await nextFrame();
        frames.push((await nextFrame()) - begin);
      }
      return { rendered: shown.rows, torn: shown.torn, frames: frames.sort((a, b) => a - b) };
    });
    assert.equal(torn, 0);
    // Two lists, rendered twice in strict mode, and again when the service has answered.
    assert.ok(rendered <= 20 * 2 * 2 * 3, `rendered ${rendered} rows`);
    process.stdout.write(
      `two frames after a change among 10,000 tasks: median ${frames[10].toFixed(0)} ms, longest ${frames[19].toFixed(0)} ms\n`,
    );
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
