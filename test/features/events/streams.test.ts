/** Many streams on one process, measured like `npm run bench:streams` but with fewer streams. */
import { runScript } from '../../support/process';

test('two hundred streams cost little, and get each change once, in order and without delay', async () => {
  const script = runScript('scripts/streams/main.ts', ['--streams', '200', '--lanes', '20', '--json'], {});
  const end = await script.ended;
  expect(script.output.stderr).toBe('');
  expect(end).toEqual({ code: 0, signal: null });
  const report = JSON.parse(script.output.stdout);
  expect(report).toMatchObject({ streams: 200, lanes: 20, gaps: 0 });
  // About 25 kB; the limit leaves room for busy machines.
  expect(report.memory.heap).toBeLessThan(60_000);
  expect(report.delay.median).toBeLessThan(500);
  expect(report.delayFromOther.median).toBeLessThan(3_000);
  expect(report.writeAmongAll.median).toBeLessThan(3_000);
}, 120_000);
