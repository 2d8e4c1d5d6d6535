/** `docs/performance.md` and its plots show the recorded figures. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readOverload, shownOverload, summary } from '../../scripts/bench/overload';
import { readFigures, shown } from '../../scripts/bench/record';
import { readSizing, shownSizing } from '../../scripts/bench/sizing';

const files = [...shown(readFigures()), ...shownOverload(readOverload()), ...shownSizing(readSizing())].map(
  ([path, content], n) => ({
    name: `${basename(path)} (${n + 1})`,
    path,
    content,
  }),
);

test.each(files)('$name shows the recorded figures', ({ path, content }) => {
  expect(readFileSync(path, 'utf8')).toBe(content);
});

test('at three times the capacity, the goodput stays above 90 % of the peak and the p99 below 500 ms', () => {
  const { load, share, p99 } = summary(readOverload());
  expect(load).toBe(3);
  expect(share).toBeGreaterThan(0.9);
  expect(p99).toBeLessThan(500);
});
