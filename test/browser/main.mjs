/**
 * Tests `@tasklane/sdk/live` in Chromium, against a service, a Better Auth server and a Postgres that it starts itself.
 *
 * Arguments: a part of the names of the tests to run; by default all. Environment: CHROMIUM (/usr/bin/chromium).
 */
import { chromium } from 'playwright-core';
import * as large from './large.mjs';
import * as network from './network.mjs';
import * as storage from './storage.mjs';
import { startBackend } from './support/backend.mjs';
import { makeWorld } from './support/device.mjs';
import { runTests } from './support/run.mjs';
import * as tabs from './tabs.mjs';
import * as users from './users.mjs';

const backend = await startBackend();
let browser;
try {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Playwright disables the back/forward cache.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    args: [
      '--host-resolver-rules=MAP app.test 127.0.0.1',
      // Chromium knows no address of pages that a test provides, and then keeps them from servers of the device.
      `--ip-address-space-overrides=${[backend.url, backend.app].map((url) => `${new URL(url).host}=public`)}`,
      // Chromium's sandbox does not start as root, and containers often run as root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  await runTests(makeWorld(browser, backend), [tabs, users, network, storage, large]);
} finally {
  await browser?.close();
  await backend.stop();
}
