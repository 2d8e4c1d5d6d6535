/** A lane with 100,000 tasks. */
import assert from 'node:assert/strict';
import { create, titlesOf, until, untilSettled } from './support/device.mjs';

const count = 100_000;

const insertTasks = `
  insert into tasklane.tasks
    (lane_id, id, title, description, status, priority, completed_at, due_date, created_at, updated_at, position)
  select lane_of($1), gen_random_uuid(), 'Task ' || n, 'A description of about sixty characters, with the number ' || n,
    (array['pending', 'in_progress', 'completed', 'cancelled'])[1 + least(n % 50, 3)],
    (array['low', 'medium', 'high', 'urgent'])[1 + n % 4], case when n % 50 = 2 then now() end,
    case when n % 3 = 0 then current_date + n % 400 - 100 end,
    now() - n * interval '1 minute', now() - n * interval '1 second', 'm' || lpad(to_hex(n), 13, '0')
  from generate_series(1, $2) as n`;

/** Records how long the main thread was blocked at most, from the start of the page. */
function watchBlocks() {
  globalThis.longestBlockMs = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      globalThis.longestBlockMs = Math.max(globalThis.longestBlockMs, Math.round(duration));
    }
  }).observe({ type: 'longtask', buffered: true });
}

/** The longest block since the last call. */
const takeBlock = (tab) =>
  tab.evaluate(async () => {
    // The observer is called after the task that it reports.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const block = globalThis.longestBlockMs;
    globalThis.longestBlockMs = 0;
    return block;
  });

async function heapMegabytes(tab) {
  const session = await tab.context().newCDPSession(tab);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return Math.round(usedSize / 2 ** 20);
}

export const tests = {
  async 'a lane of 100,000 tasks is copied, opens from the device, and blocks no frame for long'(world) {
    const { device, user } = await world.makeUser();
    await world.query('select make_lane($1)', [user.id]);
    await world.query(insertTasks, [user.id, count]);
    await device.context.addInitScript(watchBlocks);
    const measured = {};

    let startedAt = performance.now();
    let tab = await device.openTab(user.id);
    await until(() => tab.evaluate(() => lane.status.complete));
    measured['first copy, s'] = ((performance.now() - startedAt) / 1000).toFixed(1);
    measured['longest block of the first copy, ms'] = await takeBlock(tab);

    await tab.close();
    tab = await device.context.newPage();
    startedAt = performance.now();
    await device.start(tab, user.id);
    const listing = await tab.evaluate(() => {
      const begun = performance.now();
      const tasks = lane.tasks.list({ status: 'pending', sort: 'due' });
      return { ms: performance.now() - begun, length: tasks.length };
    });
    measured['opening from the device, s'] = ((performance.now() - startedAt) / 1000).toFixed(1);
    measured['longest block of opening, ms'] = await takeBlock(tab);
    measured['first sorted list, ms'] = Math.round(listing.ms);
    assert.ok(listing.length > 0 && listing.length < count);
    // As long as reading everything at once would block. A busy machine lengthens both.
    const cloning = await tab.evaluate(() => {
      const begun = performance.now();
      structuredClone(lane.tasks.list());
      return performance.now() - begun;
    });
    measured['cloning all tasks, ms'] = Math.round(cloning);
    await untilSettled(tab);
    measured['heap, MB'] = await heapMegabytes(tab);

    await takeBlock(tab);
    await create(tab, 'One more');
    await untilSettled(tab);
    assert.equal((await titlesOf(tab)).length, count + 1);
    measured['longest block of a write, ms'] = await takeBlock(tab);
    for (const [name, value] of Object.entries(measured)) process.stdout.write(`  ${name}: ${value}\n`);
    const blocks = Object.entries(measured).flatMap(([name, value]) => (name.includes('block') ? value : []));
    assert.ok(Math.max(...blocks) < cloning, `blocks of ${blocks} ms`);
  },
};
