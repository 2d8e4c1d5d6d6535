/** Draws a soak test as an SVG: traffic, latency, memory, handles and connections over time, with the faults. */
import { svgDocument, svgText } from '../../scripts/bench/svg';
import { quantile, type SoakFigures } from './figures';

const colors = ['#1a7f64', '#cf222e', '#9a6700', '#0969da'];
const width = 880;
const left = 70;
const plotWidth = 770;
const panel = { height: 130, gap: 62, top: 40 };

interface Line {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below the value. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return (([1, 2, 5, 10] as const).find((each) => each * power >= value) ?? 10) * power;
}

function panelsOf({ spans, series }: SoakFigures): Panel[] {
  const spanSeconds = ((spans[1]?.at ?? 1000) - (spans[0]?.at ?? 0)) / 1000;
  const rate = (name: string, count: (span: SoakFigures['spans'][number]) => number): Line => ({
    name,
    points: spans.map((span) => ({ at: span.at, value: count(span) / spanSeconds })),
  });
  const latency = (name: string, share: number): Line => ({
    name,
    points: spans.map(({ at, took }) => ({ at, value: quantile(took, share) })),
  });
  const of = (unit: string): Line[] =>
    series.filter((each) => each.unit === unit).map(({ name, samples }) => ({ name, points: samples }));
  return [
    {
      title: 'Answers per second',
      lines: [
        rate('success', (span) => span.succeeded),
        rate('503', (span) => span.refused),
        rate('429', (span) => span.limited),
        rate('no answer', (span) => span.broken),
      ],
    },
    { title: 'Time of an answer, ms', lines: [latency('median', 0.5), latency('p99', 0.99)] },
    { title: 'Memory of the instance that is never restarted, MiB', lines: of('MiB') },
    { title: 'Handles and connections', lines: of('') },
  ];
}

function draw({ title, lines }: Panel, top: number, endMs: number): string[] {
  const most = roundUp(Math.max(...lines.flatMap(({ points }) => points.map(({ value }) => value)), 1));
  const bottom = top + panel.height;
  const x = (at: number) => (left + (at / endMs) * plotWidth).toFixed(1);
  const y = (value: number) => (bottom - (value / most) * panel.height).toFixed(1);
  return [
    svgText(left, top - 8, title, ' font-weight="600"'),
    ...lines.flatMap(({ name }, n) => {
      const at = left + 400 + n * 95;
      return [
        `<rect x="${at}" y="${top - 18}" width="10" height="10" fill="${colors[n]}"/>`,
        svgText(at + 14, top - 9, name),
      ];
    }),
    ...[0, 0.5, 1].flatMap((share) => [
      `<line x1="${left}" y1="${y(share * most)}" x2="${left + plotWidth}" y2="${y(share * most)}" stroke="#d0d7de"/>`,
      svgText(left - 6, Number(y(share * most)) + 4, String(share * most), ' text-anchor="end"'),
    ]),
    ...lines.map(
      ({ points }, n) =>
        `<polyline points="${points.map(({ at, value }) => `${x(at)},${y(value)}`).join(' ')}" fill="none" stroke="${colors[n]}" stroke-width="1.2"/>`,
    ),
    ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
      svgText(
        left + share * plotWidth,
        bottom + 16,
        `${((share * endMs) / 60_000).toFixed(1)} min`,
        ' text-anchor="middle"',
      ),
    ),
  ];
}

/** @returns a complete SVG document; grey areas are faults of the database, of Redis, of the key set or of an instance */
export function soakPlot(figures: SoakFigures): string {
  const endMs = Math.max(1, ...figures.spans.map(({ at }) => at));
  const panels = panelsOf(figures);
  const height = panel.top + panels.length * (panel.height + panel.gap) - 20;
  const faults = figures.faults.map(({ begin, end }) => {
    const from = left + (begin / endMs) * plotWidth;
    const to = left + (Math.min(end, endMs) / endMs) * plotWidth;
    return `<rect x="${from.toFixed(1)}" y="${panel.top}" width="${Math.max(1, to - from).toFixed(1)}" height="${height - panel.top - 40}" fill="#8c959f" fill-opacity="0.18"/>`;
  });
  return svgDocument('A soak test over time', { width, height, fontSize: 12 }, [
    svgText(left, 14, 'Grey: a fault is active'),
    ...faults,
    ...panels.flatMap((each, n) => draw(each, panel.top + n * (panel.height + panel.gap), endMs)),
  ]);
}
