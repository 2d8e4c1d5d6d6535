/**
 * `npm run bench:timing [-- --pairs 4000] [-- --json]`: tests whether the time of a refusal reveals what exists: a task
 * of another user, or a user. It uses one connection on this machine, which has less noise than any network.
 */

import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { schema } from '../../src/platform/database/rows';
import { type Difference, difference, type Pair } from './difference';
import { exchange } from './exchange';
import { laneOf, makeLanes } from './lanes';
import { quantile } from './report';
import { withSetting } from './setting';
import { encode, secret } from './workload';

const tasklane = { name: 'Tasklane', module: 'tasklane-server', argument: '0', processes: 1 };
const [caller, otherUser] = ['user-0', 'user-1'];
const warmUpPairs = 1_000;

/** Ids: each taken id is the id of a user and of a task of `otherUser`; each free id belongs to nothing. */
interface Ids {
  readonly taken: readonly string[];
  readonly free: readonly string[];
}

interface Question {
  readonly name: string;
  readonly method: string;
  path(id: string): string;
  readonly status: number;
  /** The ids of each pair: those of the first kind, and those of the second. */
  ids(ids: Ids): readonly [readonly string[], readonly string[]];
}

const taskPath = (id: string) => `/api/${caller}/tasks/${id}`;
const takenAndFree = ({ taken, free }: Ids) => [taken, free] as const;
const questions: readonly Question[] = [
  { name: 'GET a task', method: 'GET', path: taskPath, status: 404, ids: takenAndFree },
  { name: 'DELETE a task', method: 'DELETE', path: taskPath, status: 404, ids: takenAndFree },
  {
    name: 'GET in a lane',
    method: 'GET',
    path: (id) => `/api/${id}/tasks/${id}`,
    status: 403,
    ids: takenAndFree,
  },
  // The control: differences by chance alone.
  {
    name: 'GET a task, both do not exist',
    method: 'GET',
    path: taskPath,
    status: 404,
    ids: ({ free }) => [free, free.toReversed()],
  },
];

/** Creates `count` random ids of each kind, and the rows of the taken ids. */
async function makeIds(url: string, count: number): Promise<Ids> {
  const draw = () => Array.from({ length: count }, () => randomUUID());
  const ids = { taken: draw(), free: draw() };
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(makeLanes, [ids.taken]);
    await client.query(
      `insert into ${schema}.tasks (lane_id, id, title) select ${laneOf('$1')}, unnest($2::uuid[]), 'Water the plants'`,
      [otherUser, ids.taken],
    );
    await client.query(`vacuum analyze ${schema}.profiles, ${schema}.tasks`);
  } finally {
    await client.end();
  }
  return ids;
}

/** Sends the requests of a question, for the ids of both kinds in random order. @returns the milliseconds of each pair */
async function ask(question: Question, ids: Ids, port: number, token: string): Promise<Pair[]> {
  const [ones, others] = question.ids(ids);
  const encodeFor = (id: string) => encode(question.method, question.path(id), token);
  const swapped = ones.map(() => Math.random() < 0.5);
  const requests = swapped.flatMap((swap, n) => {
    const pair = [encodeFor(ones[n]!), encodeFor(others[n]!)];
    return swap ? pair.toReversed() : pair;
  });
  const latencies: number[] = [];
  let sent = 0;
  await exchange(
    port,
    question.status,
    () => requests[sent++],
    (latency) => latencies.push(latency),
  );
  return swapped.map((swap, n): Pair => {
    const [first, second] = [latencies[2 * n]!, latencies[2 * n + 1]!];
    return swap ? [second, first] : [first, second];
  });
}

interface Answer extends Difference {
  readonly question: string;
  readonly status: number;
  /** Quartiles in milliseconds, for taken and for free ids. */
  readonly taken: readonly number[];
  readonly free: readonly number[];
}

function row({ question, status, taken, free, median, least, most, greater, p }: Answer): string {
  const micro = (ms: number, digits = 0) => (ms * 1000).toFixed(digits);
  const quartiles = ([low, mid, high]: readonly number[]) =>
    `${micro(mid!)} (${micro(low!)}–${micro(high!)})`;
  const cells = [
    question,
    status,
    quartiles(taken),
    quartiles(free),
    `${micro(median, 1)} (${micro(least, 1)} to ${micro(most, 1)})`,
    `${(greater * 100).toFixed(1)} %`,
    p.toFixed(3),
  ];
  return `| ${cells.join(' | ')} |`;
}

const header = [
  '| Question | Status | taken, µs | free, µs | median difference, µs (95 %) | taken slower | p |',
  '| --- | --: | --: | --: | --: | --: | --: |',
];
const note =
  'Medians with quartiles. `taken` are ids of another user, `free` are ids that do not exist. The difference is that of ' +
  'the two requests of a pair. `taken slower` compares all requests with each other (50 % is chance). ' +
  'p is the probability of such a difference by chance, by a permutation test of the ranks.';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { pairs: { type: 'string', default: '4000' }, json: { type: 'boolean', default: false } },
  });
  const count = Number(values.pairs);
  if (!Number.isSafeInteger(count) || count < 100) throw new Error('--pairs must be at least 100.');

  const answers = await withSetting([tasklane], async ([server], _loader, databaseUrl) => {
    const ids = await makeIds(databaseUrl, warmUpPairs + count);
    const token = await signDevelopmentToken(secret, { userId: caller });
    const all: Answer[] = [];
    for (const question of questions) {
      const pairs = (await ask(question, ids, server!.ready.port, token)).slice(warmUpPairs);
      const quartiles = (at: 0 | 1) =>
        [0.25, 0.5, 0.75].map((share) =>
          quantile(
            pairs.map((pair) => pair[at]),
            share,
          ),
        );
      const { name, status } = question;
      all.push({ question: name, status, taken: quartiles(0), free: quartiles(1), ...difference(pairs) });
    }
    return all;
  });
  const output = values.json
    ? JSON.stringify({ pairs: count, answers }, null, 2)
    : [[...header, ...answers.map(row)].join('\n'), `${count} pairs each. ${note}`].join('\n\n');
  process.stdout.write(`${output}\n`);
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});
