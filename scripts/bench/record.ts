/** The recorded figures: `docs/performance.json`, and the table and the plot that `docs/performance.md` shows. */
import { readFileSync, writeFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/paths';
import { type Figures, figuresTable } from './figures';
import { plot } from './plot';

const path = (extension: string) => projectPath('docs', `performance.${extension}`);
// The page has the table between two comments.
const figuresInPage = /(?<=<!-- figures -->\n\n).*?(?=<!-- end of figures -->)/s;

export function readFigures(): Figures {
  return JSON.parse(readFileSync(path('json'), 'utf8'));
}

/** The page with the figures in it. @throws Error if the page has no place for them */
function page(figures: Figures): string {
  const text = readFileSync(path('md'), 'utf8');
  if (!figuresInPage.test(text)) throw new Error(`${path('md')} has no place for the figures.`);
  return text.replace(figuresInPage, () => `${figuresTable(figures)}\n\nMachine: ${figures.machine}.\n\n`);
}

/** The files that show the figures, by their paths. */
export const shown = (figures: Figures): ReadonlyMap<string, string> =>
  new Map([
    [path('md'), page(figures)],
    [path('svg'), plot(figures)],
  ]);

export function writeFigures(figures: Figures): void {
  writeFileSync(path('json'), `${JSON.stringify(figures, null, 2)}\n`);
  for (const [file, content] of shown(figures)) writeFileSync(file, content);
}
