/** The report of a soak test in Markdown. */

import { quantile, type SoakFigures } from './figures';
import { median } from './flat';

const table = (header: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [header, header.map((_, n) => (n === 0 ? '---' : '--:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const seconds = (ms: number) => (ms / 1000).toFixed(1);
const number = (value: number) =>
  (value >= 100 ? Math.round(value) : Number(value.toFixed(1))).toLocaleString('en');

const introduction = `# Soak test

\`npm run soak\` runs two instances of the service on one Postgres for 30 minutes, under load and with faults. CI runs it for
3 minutes. It finds what a short test does not reach: leaks, lost writes, and answers that only faults produce.

\`\`\`sh
npm run soak                            # prints its seed
npm run soak -- --minutes 3 --seed 1    # the same choices again, at other moments
npm run soak -- --write                 # writes this page
\`\`\`

The report is written to \`.soak/\`, and the log of each failure to \`.soak/failures.log\`. Without \`redis-server\`, the faults of Redis do
nothing. Handles are counted only on Linux.

- **Users.** Six users each have three clients, an event stream and a copy of their lane (\`/sync\`). Three users have a webhook.
  The clients create, rename, complete, delete, restore and purge, one by one and in batches. They repeat each request that gets no
  answer or a 503. Most writes have an \`Idempotency-Key\`. The others have \`If-Match\` or an id that the client chose. Some clients
  disconnect before the answer. One more user sends far more than its rate limit allows, and another one sends malformed requests
  and stalls connections.
- **Faults.** The faults of \`npm run test:faults\` and failing receivers, in random order. One fault of the database and one other fault
  can be active at the same time. One instance is killed or replaced. The other instance runs from the beginning to the end.
- **Checks of each answer.** It follows the contract and is not a 500. It comes within 15 seconds, or later on an overloaded
  machine. A 503 or 429 has \`Retry-After\`. A read shows the last acknowledged write. After each fault, writes succeed within 45
  seconds. The log has no error apart from those of an unavailable database.
- **Checks at the end.** The history of each lane has every acknowledged write exactly once and in order, and nothing else. Lists,
  copies and event streams agree with it. Each webhook got each change at least once. No request, stream or connection is in use,
  and the instances stop with status 0.
- **Memory, handles and connections** do not grow. Memory is measured after a garbage collection. The first quarter of the run
  does not count. A value grows if two figures exceed the bound: the line through the medians of nine windows, and, by half of the
  bound, the difference between the last three windows and the first three.`;

/** @returns the page; the plot is the file `soak.svg` next to it */
export function soakReport(figures: SoakFigures): string {
  const { spans, faults, series, failures, verified, seed, minutes, machine, load, date } = figures;
  const took = spans.flatMap((each) => each.took);
  const total = (kind: 'succeeded' | 'refused' | 'limited' | 'broken' | 'other') =>
    spans.reduce((sum, each) => sum + each[kind], 0).toLocaleString('en');
  const names = [...new Set(faults.map(({ name }) => name))].sort();
  return [
    introduction,
    '',
    '## Latest report',
    '',
    `${date}, ${minutes} minutes, seed ${seed}, ${machine}, load average ${Math.round(load)}. ${failures.length === 0 ? 'No check failed.' : `${failures.length} checks failed.`}`,
    '',
    '![Answers, latency, memory, handles and connections over time](soak.svg)',
    '',
    table(
      ['Requests', 'Number'],
      [
        ['answered with success', total('succeeded')],
        ['refused with 503', total('refused')],
        ['refused with 429', total('limited')],
        ['other answers, such as 422 for malformed requests', total('other')],
        ['no answer: the client or the instance disconnected', total('broken')],
        ['median, ms', number(quantile(took, 0.5))],
        ['p99, ms', number(quantile(took, 0.99))],
        ['slowest, ms', number(quantile(took, 1))],
      ],
    ),
    '',
    table(
      ['Verified', 'Number'],
      [...verified].map(([name, count]) => [name, count.toLocaleString('en')]),
    ),
    '',
    table(
      ['Fault', 'Times', 'Seconds in all', 'Until the next write, median s', 'longest s'],
      names.map((name) => {
        const of = faults.filter((each) => each.name === name);
        const recoveries = of.flatMap(({ recovery }) => recovery ?? []);
        return [
          name,
          of.length,
          seconds(of.reduce((sum, { begin, end }) => sum + (Number.isFinite(end) ? end - begin : 0), 0)),
          recoveries.length === 0 ? '–' : (median(recoveries) / 1000).toFixed(2),
          recoveries.length === 0 ? '–' : (Math.max(...recoveries) / 1000).toFixed(2),
        ];
      }),
    ),
    '',
    table(
      ['Must not grow', 'First windows', 'Last windows', 'Growth', 'Allowed'],
      series.map(({ name, unit, growth, allowed }) => [
        unit === '' ? name : `${name}, ${unit}`,
        growth ? number(growth.first) : '–',
        growth ? number(growth.last) : '–',
        growth ? number(growth.growth) : '–',
        number(allowed),
      ]),
    ),
    ...(failures.length === 0
      ? []
      : ['', '## Failures', '', ...failures.map(({ at, reason }) => `- ${seconds(at)} s: ${reason}`)]),
    '',
  ].join('\n');
}
