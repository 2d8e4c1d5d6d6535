/** A device of a user: its browser with tabs that share cookies and a copy, and the service as another device sees it. */
import assert from 'node:assert/strict';
import { pageOf } from './backend.mjs';
import { until as untilWithin } from './until.mjs';

// Long enough for a busy machine, and for the longest pause between two attempts.
const deadlineMs = 120_000;

/** Waits until `condition` returns a truthy value, and returns it. */
export const until = (condition) => untilWithin(condition, deadlineMs);

export const statusOf = (tab) => tab.evaluate(() => lane.status);
/** Waits until a tab's lane has this status. */
export const untilStatus = (tab, expected) =>
  until(async () => {
    const status = await statusOf(tab);
    return Object.entries(expected).every(([name, value]) => status[name] === value);
  });
export const untilSettled = (tab) => untilStatus(tab, { complete: true, pending: 0, connection: 'live' });

export const titlesOf = (tab) =>
  tab.evaluate(() =>
    lane.tasks
      .list()
      .map((each) => each.title)
      .sort(),
  );
export const untilTitles = (tab, titles) =>
  until(async () => JSON.stringify(await titlesOf(tab)) === JSON.stringify(titles));

/** Creates a task, and waits until the device has stored it. */
export const create = (tab, title) => tab.evaluate((title) => lane.tasks.create({ title }).stored, title);

/** The id of the process that renders a tab: the renderer that uses the most CPU time while the tab computes. */
export async function rendererOf(browser, tab) {
  const session = await browser.newBrowserCDPSession();
  const cpuTimes = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter(({ type }) => type === 'renderer');
    return new Map(renderers.map(({ id, cpuTime }) => [id, cpuTime]));
  };
  const before = await cpuTimes();
  await tab.evaluate(() => {
    const end = performance.now() + 1_000;
    while (performance.now() < end);
  });
  const used = [...(await cpuTimes())].map(([id, time]) => [id, time - (before.get(id) ?? 0)]);
  await session.detach();
  return used.sort(([, one], [, other]) => other - one)[0][0];
}

/** The tests' view of a browser and a backend. */
export function makeWorld(browser, backend) {
  const contexts = new Set();
  /** What failed since the start of a test, for its reader. */
  const failures = [];
  let users = 0;

  /** Makes a device without a user. `app` is the origin of its pages. */
  async function makeDevice({ app = backend.app } = {}) {
    const context = await browser.newContext();
    contexts.add(context);
    const device = {
      context,
      app,
      /** The number of event streams that the service has opened for it. */
      streams: 0,
      /** Opens the app in a new tab; with `script`, another version of the app. */
      async openTab(userId, script) {
        const tab = await context.newPage();
        if (script) await serve(tab, script);
        if (userId !== undefined) await device.start(tab, userId);
        return tab;
      },
      /** Loads the app in a tab, also if it runs there already. */
      async start(tab, userId) {
        await tab.goto(`${app}/`);
        await tab.evaluate(([url, userId]) => globalThis.app.open(url, userId), [backend.url, userId]);
      },
      /** Creates an account, and signs in. */
      async signUp() {
        const email = `user-${++users}@example.com`;
        const data = { email, password: 'correct horse battery staple', name: 'A user' };
        const response = await context.request.post(`${backend.app}/api/auth/sign-up/email`, { data });
        assert.equal(response.status(), 200, await response.text());
        const cookies = await context.cookies();
        const domain = new URL(app).hostname;
        await context.addCookies(cookies.map((each) => ({ ...each, domain })));
        return { id: (await response.json()).user.id, ...data };
      },
    };
    context.on('requestfailed', (request) =>
      failures.push(`${request.url()}: ${request.failure()?.errorText}`),
    );
    context.on('response', (response) => {
      if (response.ok() && new URL(response.url()).pathname.endsWith('/events')) device.streams++;
      if (response.status() >= 400) failures.push(`${response.url()}: ${response.status()}`);
    });
    context.on('console', (m) => m.type() === 'error' && failures.push(m.text()));
    context.on('weberror', (error) => failures.push(error.error().stack));
    context.on('close', () => contexts.delete(context));
    // The page comes from a cache, such as that of a service worker, also while the device is offline.
    const serve = (target, script) =>
      target.route(`${app}/`, (route) => route.fulfill({ contentType: 'text/html', body: pageOf(script) }));
    await serve(context, backend.script);
    return device;
  }

  return {
    ...backend,
    browser,
    makeDevice,
    /** A device with a user who has signed in. */
    async makeUser(options) {
      const device = await makeDevice(options);
      return { device, user: await device.signUp() };
    },
    /** The titles that the service has stored, in order. */
    async storedTitles(userId) {
      const rows = await backend.query(
        'select title from tasklane.tasks where lane_id = lane_of($1) and deleted_at is null',
        [userId],
      );
      return rows.map(({ title }) => title).sort();
    },
    /** Creates a task as another device does. */
    async createElsewhere(userId, title) {
      const response = await fetch(`${backend.url}/api/${userId}/tasks`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await backend.signToken(userId, 900)}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ title }),
      });
      assert.equal(response.status, 201, await response.text());
    },
    async closeDevices() {
      await Promise.all([...contexts].map((each) => each.close()));
      failures.length = 0;
    },
    /** Describes the tabs and their last failures, after a test failed. */
    async describe() {
      const tabs = [...contexts].flatMap((each) => each.pages());
      const statuses = await Promise.all(tabs.map((tab) => tab.evaluate(() => globalThis.lane?.status)));
      return [...statuses.map((each) => JSON.stringify(each)), ...failures.slice(-20)].join('\n');
    },
  };
}
