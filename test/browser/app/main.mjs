/**
 * Tests the reference app in Chromium, against the processes of `npm run demo` with a database of their own.
 *
 * Arguments: a part of the names of the tests to run; by default all. Environment: CHROMIUM (/usr/bin/chromium); APP_URL and
 * SERVICE_URL of a demo that runs already.
 */
import { chromium } from 'playwright-core';
import { runTests } from '../support/run.mjs';
import * as accounts from './accounts.mjs';
import * as board from './board.mjs';
import * as complete from './complete.mjs';
import { startDemo } from './demo.mjs';
import * as details from './details.mjs';
import * as keyboard from './keyboard.mjs';
import * as offline from './offline.mjs';
import * as oneOrigin from './one-origin.mjs';
import * as order from './order.mjs';
import * as palette from './palette.mjs';
import * as quality from './quality.mjs';
import * as quickAdd from './quick-add.mjs';
import * as schedule from './schedule.mjs';
import * as settings from './settings.mjs';
import * as today from './today.mjs';
import * as undo from './undo.mjs';
import { makeWorld } from './world.mjs';

const features = [
  ...[today, quickAdd, complete, schedule, keyboard, details, order, oneOrigin],
  ...[palette, undo, offline, accounts, board, settings, quality],
];

const { APP_URL: app, SERVICE_URL: service } = process.env;
const demo = app && service ? { app, service, stop: async () => undefined } : await startDemo();
let browser;
try {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Chromium's sandbox does not start as root, and containers often run as root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  await runTests(makeWorld(browser, demo), features);
} finally {
  await browser?.close();
  await demo.stop();
}
