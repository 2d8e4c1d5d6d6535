/** Draws the recorded overload curve as an SVG: goodput and p99 against the offered load, with and without shedding. */
import type { OverloadFigures, Step } from './overload';
import { svgDocument } from './svg';

const colors = { on: '#1a7f64', off: '#cf222e' };
const names = { on: 'with load shedding', off: 'without' };
const size = { width: 720, height: 300 };
const left = 70;
const panel = { width: 260, height: 190, top: 60, gap: 70 };
const longestMs = 2_000;

/** A line of a panel; values above `most` are drawn at its top. */
function line(
  steps: readonly Step[],
  value: (step: Step) => number,
  most: number,
  x0: number,
  color: string,
): string {
  const farthest = 3;
  const points = steps.map((step) => {
    const x = x0 + (step.load / farthest) * panel.width;
    const y = panel.top + panel.height * (1 - Math.min(1, value(step) / most));
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const dots = points.map((point) => {
    const [x, y] = point.split(',');
    return `<circle cx="${x}" cy="${y}" r="3" fill="${color}"/>`;
  });
  return `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>${dots.join('')}`;
}

function axes(x0: number, title: string, labels: readonly [share: number, text: string][]): string[] {
  const bottom = panel.top + panel.height;
  return [
    `<text x="${x0}" y="${panel.top - 12}" font-weight="600">${title}</text>`,
    ...labels.flatMap(([share, text]) => {
      const y = (bottom - share * panel.height).toFixed(1);
      return [
        `<line x1="${x0}" y1="${y}" x2="${x0 + panel.width}" y2="${y}" stroke="#d0d7de"/>`,
        `<text x="${x0 - 6}" y="${Number(y) + 4}" text-anchor="end">${text}</text>`,
      ];
    }),
    ...[0, 1, 2, 3].map((load) => {
      const x = (x0 + (load / 3) * panel.width).toFixed(1);
      return `<text x="${x}" y="${bottom + 18}" text-anchor="middle">${load} ×</text>`;
    }),
    `<text x="${x0 + panel.width / 2}" y="${bottom + 36}" text-anchor="middle">offered load / capacity</text>`,
  ];
}

/** @returns a complete SVG document, with a white background so that it is readable on any page */
export function overloadPlot(figures: OverloadFigures): string {
  const highest = Math.max(...figures.on.map(({ goodput }) => goodput));
  const most = Math.ceil(highest / 500) * 500;
  const second = left + panel.width + panel.gap;
  const goodput = ({ goodput: value }: Step) => value;
  const p99 = ({ p99: value }: Step) => value || longestMs;
  return svgDocument(
    'Goodput and latency in an overload, with and without load shedding',
    { ...size, fontSize: 12 },
    [
      ...(['on', 'off'] as const).flatMap((name, n) => [
        `<rect x="${left + n * 160}" y="14" width="12" height="12" fill="${colors[name]}"/>`,
        `<text x="${left + 18 + n * 160}" y="24">${names[name]}</text>`,
      ]),
      ...axes(left, 'Answers within 500 ms, per second', [
        [0, '0'],
        [0.5, String(most / 2)],
        [1, String(most)],
      ]),
      ...axes(second, 'p99 of accepted requests, ms', [
        [0, '0'],
        [0.25, '500'],
        [0.5, '1000'],
        [1, '≥ 2000'],
      ]),
      line(figures.off, goodput, most, left, colors.off),
      line(figures.on, goodput, most, left, colors.on),
      line(figures.off, p99, longestMs, second, colors.off),
      line(figures.on, p99, longestMs, second, colors.on),
    ],
  );
}
