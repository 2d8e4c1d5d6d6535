/** `docs/performance.md` and its plot show the recorded figures. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readFigures, shown } from '../../scripts/bench/record';

const files = [...shown(readFigures())].map(([path, content]) => ({ name: basename(path), path, content }));

test.each(files)('$name shows the figures of performance.json', ({ path, content }) => {
  expect(readFileSync(path, 'utf8')).toBe(content);
});
