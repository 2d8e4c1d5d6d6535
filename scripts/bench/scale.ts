/**
 * `npm run bench:scale [-- --lanes 1000,100000,1000000] [-- --tasks 20] [-- --data DIR] [-- --only TEXT] [-- --write]`: what
 * requests and rounds of jobs cost Postgres with these numbers of lanes. A million lanes of 20 tasks take 23 GB and 20 minutes
 * to fill. With `--data`, the databases stay in this folder for the next run. `--only` measures what has this text in its name.
 * `--write` records the table in `docs/scaling.md`.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Client } from 'pg';
import { projectPath } from '../../src/platform/paths';
import { machine } from './figures';
import { findDatabase, startServer } from './scale-databases';
import { fill, resetStatements, withClient } from './scale-fill';
import { type Measurement, measurements, withScene } from './scale-measurements';

interface Cost {
  /** Pages of 8 kB that the statements touched in the cache or read from the disk. */
  readonly buffers: number;
  /** Milliseconds that Postgres spent on the statements. */
  readonly ms: number;
}

/** The cost of all statements in the database since the last reset. */
async function costSoFar(client: Client): Promise<Cost> {
  const { rows } = await client.query<Cost>(
    `select coalesce(sum(shared_blks_hit + shared_blks_read), 0)::float8 as buffers,
       coalesce(sum(total_exec_time), 0)::float8 as ms
     from pg_stat_statements join pg_database on oid = dbid
     where datname = current_database() and query not like '%pg_stat_statements%'`,
  );
  return rows[0] as Cost;
}

async function measure(
  client: Client,
  { prepare, run, tidy }: Measurement,
  scene: Parameters<Measurement['run']>[0],
): Promise<Cost> {
  await prepare?.(scene);
  await resetStatements(client);
  const units = await run(scene);
  // Postgres counts the last statement of a read at its commit, for which the service does not wait.
  await sleep(200);
  const { buffers, ms } = await costSoFar(client);
  await tidy?.(scene);
  return { buffers: buffers / units, ms: ms / units };
}

type Costs = Map<string, Cost>;

async function measureAll(
  url: string,
  lanes: number,
  tasks: number,
  chosen: readonly Measurement[],
): Promise<Costs> {
  const costs: Costs = new Map();
  await withScene({ url, lanes, tasks }, (scene) =>
    withClient(url, async (client) => {
      for (const each of chosen) {
        const cost = await measure(client, each, scene);
        costs.set(each.name, cost);
        process.stdout.write(
          `${String(lanes).padStart(8)}  ${each.name.padEnd(46)} ${cost.buffers.toFixed(0).padStart(9)} buffers ${cost.ms.toFixed(3).padStart(10)} ms\n`,
        );
      }
    }),
  );
  return costs;
}

const format = (value: number) => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en'));

/** The costs in Markdown. */
function table(chosen: readonly Measurement[], sizes: readonly number[], costs: readonly Costs[]): string {
  const [first, last] = [costs[0] as Costs, costs.at(-1) as Costs];
  const rows = chosen.map(({ name }) => {
    const ratio = (last.get(name) as Cost).buffers / Math.max(1, (first.get(name) as Cost).buffers);
    const cells = costs.flatMap((each) => {
      const { buffers, ms } = each.get(name) as Cost;
      return [format(buffers), ms.toFixed(ms < 1 ? 2 : 1)];
    });
    return [name, ...cells, `${ratio.toFixed(1)} ×`];
  });
  const header = [
    'pages, and ms in Postgres',
    ...sizes.flatMap((size) => [`${size.toLocaleString('en')} lanes`, 'ms']),
    'pages, last : first',
  ];
  const rule = ['---', ...header.slice(1).map(() => '--:')];
  return [header, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const page = projectPath('docs', 'scaling.md');
const tableInPage = /(?<=<!-- scale -->\n\n).*?(?=<!-- end of scale -->)/s;

async function write(text: string): Promise<void> {
  const former = await readFile(page, 'utf8');
  if (!tableInPage.test(former)) throw new Error(`${page} has no place for the table.`);
  await writeFile(
    page,
    former.replace(tableInPage, () => text),
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      lanes: { type: 'string', default: '1000,100000,1000000' },
      tasks: { type: 'string', default: '20' },
      only: { type: 'string', default: '' },
      data: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const sizes = values.lanes.split(',').map(Number);
  const tasks = Number(values.tasks);
  const chosen = measurements.filter(({ name }) => name.includes(values.only));
  const directory = values.data ?? (await mkdtemp(join(tmpdir(), 'tasklane-scale-')));
  const server = await startServer(directory);
  try {
    const costs: Costs[] = [];
    const loads: number[] = [];
    for (const lanes of sizes) {
      const url = await findDatabase(server, `lanes_${lanes}`, async (made) => {
        const seconds = await fill(made, lanes, tasks);
        process.stdout.write(`${lanes} lanes of ${tasks} tasks: filled in ${seconds.toFixed(0)} s\n`);
      });
      costs.push(await measureAll(url, lanes, tasks, chosen));
      loads.push(loadavg()[0] as number);
    }
    const text = `${table(chosen, sizes, costs)}\n\nMachine: ${machine}; load average while measuring: ${loads.map((load) => load.toFixed(1)).join(', ')}.\n\n`;
    process.stdout.write(`\n${text}`);
    if (values.write) await write(text);
  } finally {
    await server.stop();
    if (!values.data) await rm(directory, { recursive: true, force: true });
  }
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});
