/** Draws the recorded figures as an SVG: one bar for each server and operation. */
import { type Compared, compared, type Figures, operationNames } from './figures';
import { svgDocument, svgText } from './svg';
import { loads } from './workload';

const colors: Record<Compared, string> = { floor: '#8c959f', fastify: '#54aeff', tasklane: '#1a7f64' };
const servers = Object.keys(compared) as Compared[];

const width = 720;
const labelWidth = 130;
const valueWidth = 110;
const bar = { height: 18, gap: 4 };
const groupGap = 18;
const top = 46;

/** @returns a complete SVG document, with a white background so that it is readable on any page */
export function plot({ cpu }: Figures): string {
  const longest = Math.max(...loads.flatMap((load) => Object.values(cpu[load])));
  const scale = (width - labelWidth - valueWidth) / longest;
  const groupHeight = servers.length * (bar.height + bar.gap);
  const height = top + loads.length * (groupHeight + groupGap);
  const legend = servers.flatMap((server, n) => [
    `<rect x="${labelWidth + n * 150}" y="14" width="12" height="12" fill="${colors[server]}"/>`,
    svgText(labelWidth + 18 + n * 150, 24, compared[server]),
  ]);
  const bars = loads.flatMap((load, group) => {
    const groupTop = top + group * (groupHeight + groupGap);
    const values = servers.flatMap((server, n) => {
      const value = cpu[load][server];
      const y = groupTop + n * (bar.height + bar.gap);
      const length = Math.round(value * scale);
      const ratio = server === 'floor' ? '' : ` (${(value / cpu[load].floor).toFixed(1)} ×)`;
      return [
        `<rect x="${labelWidth}" y="${y}" width="${length}" height="${bar.height}" fill="${colors[server]}"/>`,
        svgText(labelWidth + length + 6, y + 13, `${value} µs${ratio}`),
      ];
    });
    const labelY = groupTop + groupHeight / 2 + 2;
    return [svgText(labelWidth - 10, labelY, operationNames[load], ' text-anchor="end"'), ...values];
  });
  return svgDocument(
    'CPU time of the server process per request, in microseconds',
    { width, height, fontSize: 13 },
    [...legend, ...bars],
  );
}
