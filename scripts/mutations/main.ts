/**
 * Makes mutations in a copy of the tree, one at a time, and runs the tests that must fail. Exits with 1 if a mutation
 * survives. `npm run test:mutations -- --only <text>` makes those whose file or description contains the text. The option
 * can come several times.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectPath } from '../../src/platform/paths';
import { type Mutation, mutations } from './list';

const timeoutMs = 600_000;
const graceMs = 10_000;

type Outcome = 'killed' | 'hung' | 'survived' | 'broken';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Copies the files that Git tracks or would add. Builds and secrets are not among them. */
function copyTree(): string {
  const root = projectPath('.');
  const copy = mkdtempSync(join(tmpdir(), 'tasklane-mutations-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  for (const file of listed.split('\0').filter(Boolean)) {
    // Git still lists a file whose removal is not committed.
    cpSync(join(root, file), join(copy, file), { recursive: true, force: true, errorOnExist: false });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  return copy;
}

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs tests in the copy. @returns Jest's report; null if they did not end in time */
async function runTests(copy: string, tests: readonly string[], names?: string): Promise<Report | null> {
  const output = join(copy, 'mutation-report.json');
  rmSync(output, { force: true });
  const pattern = names === undefined ? [] : ['--testNamePattern', names];
  const child = spawn(
    process.execPath,
    [
      'node_modules/jest/bin/jest.js',
      '--silent',
      '--forceExit',
      '--json',
      '--outputFile',
      output,
      ...pattern,
      '--runTestsByPath',
      ...tests,
    ],
    // Its own process group, so that the processes that the tests started end with them.
    { cwd: copy, detached: true, stdio: 'ignore' },
  );
  const closed = new Promise((resolve) => child.once('close', resolve));
  let hung = false;
  const deadlines = [
    setTimeout(() => {
      hung = true;
      process.kill(-(child.pid as number), 'SIGINT');
    }, timeoutMs),
    setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), timeoutMs + graceMs),
  ];
  await closed;
  for (const deadline of deadlines) clearTimeout(deadline);
  if (hung) return null;
  return JSON.parse(readFileSync(output, 'utf8'));
}

function outcomeOf(report: Report | null): Outcome {
  if (!report) return 'hung';
  if (report.numFailedTests + report.numPassedTests === 0) return 'broken';
  // Jest counts no test as failed if code after the tests fails.
  return report.success ? 'survived' : 'killed';
}

/** Runs the tests of these mutations without a mutation. @returns the tests that fail */
async function runWithoutMutation(copy: string, chosen: readonly Mutation[]): Promise<string[]> {
  const selective = chosen.filter(({ names }) => names !== undefined);
  const runs = [
    ...Map.groupBy(selective, ({ tests }) => tests.join()).values(),
    chosen.filter(({ names }) => names === undefined),
  ].filter((some) => some.length > 0);
  const failures: string[] = [];
  for (const some of runs) {
    const tests = [...new Set(some.flatMap((each) => each.tests))];
    const names = [...new Set(some.flatMap((each) => each.names ?? []))].map((each) => `(?:${each})`);
    const report = await runTests(copy, tests, names.length > 0 ? names.join('|') : undefined);
    if (report?.success) continue;
    const failed = report?.testResults.flatMap(({ name, status, assertionResults }) => [
      ...(status === 'failed' ? [name] : []),
      ...assertionResults.filter((each) => each.status === 'failed').map((each) => each.fullName),
    ]);
    failures.push(...(failed ?? tests));
  }
  return failures;
}

async function tryMutation(copy: string, { file, find, replace, tests, names }: Mutation): Promise<Outcome> {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) return 'broken';
  // A function, because `$` has a meaning in a replacement text.
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    return outcomeOf(await runTests(copy, tests, names));
  } finally {
    writeFileSync(path, source);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
  const { only = [''] } = values;
  const chosen = mutations.filter(({ file, effect }) =>
    only.some((text) => `${file} ${effect}`.includes(text)),
  );
  if (chosen.length === 0)
    throw new Error(`No mutation contains ${only.join(' or ')} in its file or description.`);
  const copy = copyTree();
  try {
    const failures = await runWithoutMutation(copy, chosen);
    if (failures.length > 0) {
      say(`Without a mutation, these tests fail or do not end:\n  ${failures.join('\n  ')}`);
      return 1;
    }
    const counts: Record<Outcome, number> = { killed: 0, hung: 0, survived: 0, broken: 0 };
    for (const mutation of chosen) {
      const began = performance.now();
      const outcome = await tryMutation(copy, mutation);
      counts[outcome]++;
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      say(`${outcome.padEnd(8)} ${seconds.padStart(6)} s  ${mutation.file}: ${mutation.effect}`);
    }
    const score = counts.killed + counts.hung;
    say(`${score} of ${chosen.length} mutations were killed (${counts.hung} by a test that did not end).`);
    if (counts.broken > 0)
      say(`${counts.broken} could not be made or tested: see scripts/mutations/list.ts.`);
    return score === chosen.length ? 0 : 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
